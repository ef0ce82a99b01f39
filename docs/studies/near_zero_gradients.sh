#!/usr/bin/env bash
# The figures of near_zero_gradients.md: near_zero_gradients.sh OUT
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
out=${1:?usage: near_zero_gradients.sh OUT}

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
