# What the test scripts share: a folder that goes with them, and how they fail and skip.
# shellcheck shell=bash
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT

fail() {
  echo "FAILED: $1" >&2
  exit 1
}

# refused CODE TEXT ARGUMENTS...: $program ends with CODE, says TEXT on stderr and nothing on stdout.
refused() {
  local code=0 expected=$1 words=$2
  shift 2
  "${program:?}" "$@" >"$work/out" 2>"$work/err" || code=$?
  [[ $code == "$expected" ]] || fail "$* exited $code instead of $expected"
  grep -qF -- "$words" "$work/err" || fail "$* did not say '$words': $(cat "$work/err")"
  [[ ! -s $work/out ]] || fail "$* printed on stdout"
}

# skip WHY: ctest counts 77 as skipped.
skip() {
  echo "skipped: $1"
  exit 77
}

# Where sanitizers answer the calls that the script is about.
skip_under_sanitizers() {
  if grep -q '^CMAKE_CXX_FLAGS:.*-fsanitize' "$PLUMB_BUILD_DIR/CMakeCache.txt"; then
    skip "sanitizers $1"
  fi
}

# Sets `python` to one that has torch, which is Debian's unless PLUMB_PYTHON says another.
need_torch() {
  python=${PLUMB_PYTHON:-/usr/bin/python3}
  "$python" -c 'import numpy, torch' 2>/dev/null || skip "$python has no torch"
}

# results FILE: what a run of train_digits printed that does not depend on threads and on the clock:
# losses, accuracies and the hash of the parameters.
results() { grep -E '^(epoch|parameter hash)' "$1" | sed 's/ ([0-9.]* s)//'; }
