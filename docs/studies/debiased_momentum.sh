#!/usr/bin/env bash
# The figures of debiased_momentum.md: debiased_momentum.sh OUT [MNIST-FOLDER]
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
out=${1:?usage: debiased_momentum.sh OUT [MNIST-FOLDER]}

# beta, lr of heavy ball at an effective lr of 0.3, and the range in which its lr is searched for;
# that of the debiased form is always 0.001..100.
while read -r beta lr range; do
  heavy=heavy@sgd:momentum=$beta
  debiased=debiased@sgd:momentum=$beta,debias=1
  equal=(--optimizer "$heavy,lr=$lr" --optimizer "$debiased,lr=0.3")
  tuned=(--trials 15 --tuning-seeds 3 --optimizer "$heavy,lr=$range" --optimizer "$debiased,lr=0.001..100")
  for steps in 25 100 600; do
    compare "equal-$beta-$steps" --steps "$steps" "${equal[@]}"
    compare "tuned-$beta-$steps" --steps "$steps" "${tuned[@]}"
  done
  compare "warm-up-$beta-100" --steps 100 --warm-up 50 "${tuned[@]}"
done <<'END'
0.9 0.03 0.0001..10
0.99 0.003 0.00001..1
END

if [[ -n ${2-} ]]; then
  compare mnist-equal --data "$2" --optimizer heavy@sgd:momentum=0.9,lr=0.0533 \
    --optimizer debiased@sgd:momentum=0.9,debias=1,lr=0.533
  compare mnist-tuned --data "$2" --trials 15 --tuning-seeds 3 \
    --optimizer heavy@sgd:momentum=0.9,lr=0.0001..10 \
    --optimizer debiased@sgd:momentum=0.9,debias=1,lr=0.001..100
fi
