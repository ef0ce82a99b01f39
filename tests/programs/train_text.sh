#!/usr/bin/env bash
# train_text: learns a grammar nearly as well as is possible; equal settings give equal bits, also after a
# stop; writes text; and refuses what it cannot read.
# shellcheck source=tests/support/script.sh
source "$PLUMB_SOURCE_DIR/tests/support/script.sh"
program=$PLUMB_BIN_DIR/train_text

for _ in {1..120}; do
  echo 'the quick brown fox jumps over the lazy dog, and packs my box with five dozen liquor jugs.'
done >"$work/text"

small=(--data "$work/text" --width 24 --window 16 --batch-size 4 --epochs 2 --write 20)
for model in lstm gpt; do
  settings=("${small[@]}" --model "$model" --layers 2 --heads 2 --dropout 0.1)
  "$program" "${settings[@]}" --threads 1 >"$work/first"
  grep -q '^epoch 2/2 ' "$work/first" || fail "$model: no line for an epoch"
  grep -q '^--- temperature 0.8 ---$' "$work/first" || fail "$model: writes nothing"
  grep -Eq '^test loss       [0-9.]+ nats a character$' "$work/first" || fail "$model: no test loss"
  if grep -q '^best possible' "$work/first"; then fail "$model: knows the best loss of any text"; fi
  "$program" "${settings[@]}" --threads 3 --loader-threads 2 >"$work/again"
  diff <(results "$work/first") <(results "$work/again") >&2 || fail "$model: threads change the result"

  # The state that is carried from batch to batch is part of a checkpoint in the middle of an epoch.
  "$program" "${settings[@]}" --save "$work/$model" --save-every 10 --keep 100 >/dev/null
  mkdir "$work/$model-part"
  cp "$(find "$work/$model" -name '*.safetensors' | grep -v best | sort | head -n 1)" "$work/$model-part/"
  "$program" "${settings[@]}" --save "$work/$model-part" --resume >"$work/resumed"
  diff <(tail -n 1 "$work/first") <(tail -n 1 "$work/resumed") >&2 || fail "$model: a resumed run is another"
done

# The learning rate falls until the last epoch.
ends 1 "goes on with the --epochs that it began with" --data "$work/text" --model gpt --width 24 --window 16 \
  --batch-size 4 --layers 2 --heads 2 --dropout 0.1 --epochs 3 --save "$work/gpt" --resume

# Shards carry their own rows of the state on: one of a power of two rows is the whole batch to the bit, three learn
# the same but for rounding, and go on from a checkpoint.
settings=("${small[@]}" --model lstm --threads 1)
"$program" "${settings[@]}" >"$work/whole"
"$program" "${settings[@]}" --shards 1 >"$work/one"
diff <(results "$work/whole") <(results "$work/one") >&2 || fail "one shard is another run"
"$program" "${settings[@]}" --shards 3 --save "$work/shards" --save-every 10 --keep 100 >"$work/three"
mkdir "$work/shards-part"
cp "$(find "$work/shards" -name '*.safetensors' | grep -v best | sort | head -n 1)" "$work/shards-part/"
"$program" "${settings[@]}" --shards 3 --save "$work/shards-part" --resume >"$work/resumed"
diff <(tail -n 1 "$work/three") <(tail -n 1 "$work/resumed") >&2 || fail "shards: a resumed run is another"
losses() { sed -n 's/^test loss *\([0-9.]*\) .*/\1/p' "$work/$1"; }
awk -v a="$(losses whole)" -v b="$(losses three)" 'BEGIN { exit !(a - b < 0.01 && b - a < 0.01) }' ||
  fail "test loss $(losses whole) whole, $(losses three) in shards"

"$program" --width 32 --epochs 1 --write 0 >"$work/grammar"
grep -q '^best possible   0.4589 ' "$work/grammar" || fail "does not say what is possible"
"$program" "${small[@]}" --prompt 'the quick' >"$work/prompt"
grep -q '^the quick' "$work/prompt" || fail "does not go on from the prompt"

"$program" --preset baby-gpt --help >"$work/help"
grep -Eq -- '--width .*\[?128' "$work/help" || fail "--help does not show the preset's settings"

refused 2 "--preset" --preset huge
refused 2 "got '0'" --window 0
refused 1 "No such file" --data /nonexistent
printf 'ab\xff' >"$work/invalid"
refused 1 "byte 2" --data "$work/invalid"
printf 'abc' >"$work/short"
refused 1 "" --data "$work/short"
refused 1 "--prompt: [Vocabulary] U+0051 at byte 0" "${small[@]}" --prompt Q
# A character that only the last tenth has is named by its place in the file.
{ cat "$work/text" && printf 'what a day!\n'; } >"$work/late"
refused 1 "$work/late, whose first nine tenths make the vocabulary: [Vocabulary] U+0021 at byte $(($(wc -c <"$work/late") - 2)) (line 121) is none" \
  --data "$work/late"
