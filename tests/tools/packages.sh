#!/usr/bin/env bash
# tools/packages: says nothing where all is installed, and names what is missing where it cannot be installed.
set -euo pipefail
source_dir=${PLUMB_SOURCE_DIR:-$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)}
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT

# A machine without apt, whose dpkg-query answers what $work/status says.
mkdir "$work/bin"
for program in bash cat dirname; do ln -s "$(command -v "$program")" "$work/bin"; done
printf "#!%s\ncat %s/status\n" "$(command -v bash)" "$work" >"$work/bin/dpkg-query"
chmod +x "$work/bin/dpkg-query"

# ends CODE [arguments of tools/packages]
ends() {
  local code=0
  PATH=$work/bin bash "$source_dir/tools/packages" "${@:2}" >"$work/out" 2>&1 || code=$?
  if [[ $code != "$1" ]]; then
    echo "FAILED: tools/packages ${*:2} exited $code instead of $1: $(cat "$work/out")"
    exit 1
  fi
}

printf installed >"$work/status"
ends 0
[[ ! -s $work/out ]]
printf not-installed >"$work/status"
ends 2
grep -qx '  libxtensor-blas-dev' "$work/out"
if grep -qx '  doctest-dev' "$work/out"; then false; fi
ends 2 test
grep -qx '  doctest-dev' "$work/out"
ends 2 tests
grep -q '^usage:' "$work/out"
