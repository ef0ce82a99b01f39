# What the scripts of the studies share: where the programs are, and a comparison with its table.
# shellcheck shell=bash disable=SC2034
set -euo pipefail
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
programs=${PLUMB_BIN_DIR:-$root/build/release/examples}

# compare NAME ARGUMENTS...: compare_optimizers with 20 seeds, its results in $out/NAME.
compare() {
  "$programs/compare_optimizers" --seeds 20 --search lr --out "${out:?}/$1" "${@:2}" >/dev/null
  printf '\n== %s\n' "$1"
  cat "$out/$1/summary.txt"
}
