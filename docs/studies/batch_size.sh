#!/usr/bin/env bash
# The figures of batch_size.md: batch_size.sh OUT
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
out=${1:?usage: batch_size.sh OUT}

"$programs/batch_size" --out "$out/study"

# One batch size whole, and in parts: the largest that divide it and take 1.4 MB.
for limit in 0 1.4; do
  "$programs/batch_size" --batch-sizes 4096 --epochs 1 --steps 50 --seeds 2 --memory-limit "$limit" \
    --out "$out/limit-$limit" >"$out/limit-$limit.txt"
  parts=$(grep -o 'in parts.*' "$out/limit-$limit.txt" | head -n 1 || true)
  printf '\n== batches of 4096 %s\n' "${parts:-whole}"
  for seed in 0 1; do
    awk 'NF == 6 {loss = $4; error = $5} END {print "validation loss", loss ", error %", error}' \
      "$out/limit-$limit/runs/steps-none-4096-$seed.txt"
  done
done
