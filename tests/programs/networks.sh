#!/usr/bin/env bash
# train_digits: every network learns with what is set for it, and to the same bits for any number of
# threads.
# shellcheck source=tests/support/script.sh
source "$PLUMB_SOURCE_DIR/tests/support/script.sh"
program=$PLUMB_BIN_DIR/train_digits

for run in "lenet 2" "cnn 2" "lstm 6"; do
  read -r model epochs <<<"$run"
  settings=(--model "$model" --samples 2000 --test-samples 1000 --epochs "$epochs")
  "$program" "${settings[@]}" --threads 1 >"$work/$model.1"
  "$program" "${settings[@]}" --threads 3 >"$work/$model.3"
  accuracy=$(sed -n 's/^test accuracy *\([0-9]*\)\..*/\1/p' "$work/$model.1")
  ((accuracy >= 40)) || fail "$model reaches $accuracy %"
  diff <(results "$work/$model.1") <(results "$work/$model.3") >&2 || fail "threads change $model"
done
