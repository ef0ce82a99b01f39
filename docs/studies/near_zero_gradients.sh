#!/usr/bin/env bash
# The figures of near_zero_gradients.md: near_zero_gradients.sh OUT
set -euo pipefail
out=${1:?usage: near_zero_gradients.sh OUT}
programs=${PLUMB_BIN_DIR:-$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)/build/release/examples}

# compare NAME ARGUMENTS...
compare() {
  "$programs/compare_optimizers" --seeds 20 --out "$out/$1" "${@:2}" >/dev/null
  printf '\n== %s\n' "$1"
  cat "$out/$1/summary.txt"
}

fixed=(--optimizer all@sgd:momentum=0.9,lr=0.03)
tuned=(--optimizer all@sgd:momentum=0.9)
for threshold in 1e-4 1e-3 1e-2; do
  for wait in 0 5 20; do
    fixed+=(--optimizer "$threshold/$wait@sgd:momentum=0.9,lr=0.03,accumulate_below=$threshold,max_wait=$wait")
  done
  tuned+=(--optimizer "$threshold/20@sgd:momentum=0.9,accumulate_below=$threshold,max_wait=20")
done
compare fixed "${fixed[@]}"
compare tuned --trials 15 --tuning-seeds 3 "${tuned[@]}"
