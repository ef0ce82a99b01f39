#!/usr/bin/env bash
# The example programs train as they should, so PLUMB_CHECK=1 has nothing to say of them; and it is
# PLUMB_CHECK that turns the checks on.
# shellcheck source=tests/support/script.sh
source "$PLUMB_SOURCE_DIR/tests/support/script.sh"
export PLUMB_CHECK=1

for _ in {1..60}; do
  echo 'the quick brown fox jumps over the lazy dog, and packs my box with five dozen liquor jugs.'
done >"$work/text"

# silent PROGRAM ARGUMENTS...
silent() {
  "$PLUMB_BIN_DIR/$1" "${@:2}" >"$work/out" 2>"$work/err" || fail "$* exited $?: $(cat "$work/err")"
  if grep '^plumb:' "$work/err" >&2; then fail "the checks find a mistake in $*"; fi
}
for model in mlp lenet cnn; do silent train_digits --model $model --samples 2000 --test-samples 500 --epochs 1; done
for model in lstm gpt; do
  silent train_text --data "$work/text" --width 24 --window 16 --batch-size 4 --epochs 1 --write 20 \
    --model "$model" --layers 2 --heads 2 --dropout 0.1
done
silent train_speech --samples 200 --epochs 1
silent train_genes --samples 500 --epochs 2
silent train_table --epochs 1
for program in linear_regression xor custom_layer; do silent "$program"; done
silent heat_equation --steps 200
silent gradient_penalty --steps 50

"$PLUMB_BUILD_DIR/tests/mistake" 2>"$work/err"
[[ $(cat "$work/err") == "plumb: [nll] the scores look like probabilities"* ]] ||
  fail "PLUMB_CHECK=1 does not turn the checks on: $(cat "$work/err")"
for off in 0 '' yes; do
  PLUMB_CHECK=$off "$PLUMB_BUILD_DIR/tests/mistake" 2>"$work/err"
  [[ ! -s $work/err ]] || fail "PLUMB_CHECK=$off: $(cat "$work/err")"
done
