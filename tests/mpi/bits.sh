#!/usr/bin/env bash
# The same parameters for any number of ranks, and without mpirun: losses, accuracies, the hash.
# shellcheck source=tests/support/ranks.sh
source "$PLUMB_SOURCE_DIR/tests/support/ranks.sh"

# 204 samples in batches of 64: the last has 12, four shards of it two. PLUMB_RANKS="1 2 3 4" tries all
# numbers for each model.
for case in "mlp 2 4" "lenet 3" "cnn 3" "lstm 2"; do
  read -r model numbers <<<"$case"
  options=(--model "$model" --samples 204 --test-samples 200 --epochs 1 --threads 1 --shards 8)
  "$PLUMB_BUILD_DIR/examples/train_digits" "${options[@]}" >"$work/alone"
  for n in ${PLUMB_RANKS:-$numbers}; do
    ranks "$n" train_digits "${options[@]}" >"$work/many" 2>"$work/err" ||
      fail "$model on $n ranks: $(cat "$work/err")"
    diff <(results "$work/alone") <(results "$work/many") >&2 ||
      fail "$model on $n ranks is not as without mpirun"
    [[ $(grep -c '^parameter hash' "$work/many") == 1 ]] || fail "more than rank 0 prints"
  done
  echo "$model $(grep '^parameter hash' "$work/alone")"
done

# A text whose state is carried on: each rank has the rows of its shards, of which some may be none. A checkpoint in
# the middle of an epoch has those of all, and other ranks go on with it.
for _ in {1..40}; do echo 'the quick brown fox jumps over the lazy dog, and packs my box.'; done >"$work/text"
text=(--model lstm --data "$work/text" --width 16 --window 16 --batch-size 6 --dropout 0.1 --epochs 2 --write 20
      --threads 1 --shards 8)
"$PLUMB_BUILD_DIR/examples/train_text" "${text[@]}" >"$work/alone"
ranks 3 train_text "${text[@]}" --save "$work/saved" --save-every 8 --keep 100 >"$work/many" 2>"$work/err" ||
  fail "train_text on 3 ranks: $(cat "$work/err")"
diff <(results "$work/alone") <(results "$work/many") >&2 || fail "train_text on 3 ranks is not as without mpirun"
mkdir "$work/part"
cp "$(find "$work/saved" -name 'step-*.safetensors' | sort | head -n 1)" "$work/part/"
ranks 2 train_text "${text[@]}" --save "$work/part" --resume >"$work/many" 2>"$work/err" ||
  fail "train_text on 2 ranks: $(cat "$work/err")"
diff <(tail -n 1 "$work/alone") <(tail -n 1 "$work/many") >&2 || fail "train_text goes on otherwise on 2 ranks"

# Dropout, batch norm's buffers, a parameter that takes no part, float64, large parameters; eight shards, and seven.
for what in "bits 8 2 3 4" "bits 7 3" "double 8 3" "sparse 8 2 4" "sparse 7 3" "wide-double 7 3" "wide-sparse 8 2 3"; do
  read -r kind shards numbers <<<"$what"
  ranks 1 steps "$kind" "$shards" | grep -v '^ranks\|^sent' >"$work/alone"
  for n in $numbers; do
    ranks "$n" steps "$kind" "$shards" >"$work/many"
    grep -qx "ranks $n" "$work/many" || fail "steps ran on other than $n ranks: $(cat "$work/many")"
    diff "$work/alone" <(grep -v '^ranks\|^sent' "$work/many") >&2 ||
      fail "steps $what on $n ranks is not as on one"
  done
done

# What shards hold back is not sent.
sent() { ranks 2 steps "$1" | sed -n 's/^sent //p'; }
(($(sent sparse) < 3 * $(sent bits) / 4)) || fail "sparse sends $(sent sparse) bytes of $(sent bits)"

# A checkpoint of two ranks is that of one, with what shards hold back, and rank 0 of three loads it.
for kind in bits sparse; do
  for n in 1 2; do
    ranks "$n" steps "$kind-saves" 8 "$work/state$n" >"$work/many"
    [[ ! -s $work/many && -s $work/state$n ]] || fail "steps $kind did not save"
  done
  cmp "$work/state1" "$work/state2" >&2 || fail "steps $kind: the checkpoint of two ranks differs"
  ranks 3 steps "$kind-resumes" 8 "$work/state2" | grep -v '^ranks\|^sent' >"$work/many"
  diff <(ranks 1 steps "$kind" | grep -v '^ranks\|^sent') "$work/many" >&2 || fail "steps $kind goes on otherwise"
done
