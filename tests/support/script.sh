# What the test scripts share: a folder that goes with them, and how they fail and skip.
# shellcheck shell=bash
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT

fail() {
  echo "FAILED: $1" >&2
  exit 1
}

# ends CODE TEXT ARGUMENTS...: $program ends with CODE and says TEXT on stderr.
ends() {
  local code=0 expected=$1 words=$2
  shift 2
  "${program:?}" "$@" >"$work/out" 2>"$work/err" || code=$?
  [[ $code == "$expected" ]] ||
    fail "$* exited $code instead of $expected: $(cat "$work/err")"
  grep -qF -- "$words" "$work/err" || fail "$* did not say '$words': $(cat "$work/err")"
}

# refused CODE TEXT ARGUMENTS...: the same, and it says nothing on stdout.
refused() {
  ends "$@"
  [[ ! -s $work/out ]] || fail "${*:3} printed on stdout"
}

# killed_half_way SIGNAL LEAST FILE ARGUMENTS...: $program --out $work/SIGNAL is sent SIGNAL when LEAST
# of its runs are finished, and ends with it, without FILE, which it writes last.
killed_half_way() {
  local signal=$1 least=$2 file=$3 running code=0
  local folder=$work/$signal
  "${program:?}" "${@:4}" --out "$folder" >/dev/null 2>&1 &
  running=$!
  until [[ $(ls "$folder/runs" 2>/dev/null | wc -l) -ge $least ]]; do sleep 0.01; done
  kill "-$signal" $running
  wait $running 2>/dev/null || code=$?
  [[ $code == $((128 + $(kill -l "$signal"))) ]] || fail "SIG$signal exited $code"
  [[ ! -e $folder/$file ]] || fail "not stopped half-way"
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
