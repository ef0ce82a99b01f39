#!/usr/bin/env bash
# A save whose n-th open, write, fsync or rename fails, stops short or is where the process is
# killed, for n = 1, 2, ... until the save succeeds. Whatever happens, the file is the old one to the
# byte or the new one whole; an error names path and cause and leaves no temporary behind.
# shellcheck source=tests/support/script.sh
source "$PLUMB_SOURCE_DIR/tests/support/script.sh"
tests=$PLUMB_BUILD_DIR/tests

skip_under_sanitizers "answer the calls that are to fail"

file=$work/run/state.safetensors
mkdir "$work/run"
"$tests/save_state" "$work/old" 1
"$tests/save_state" "$work/new" 2

# faulty FAULT: saves the new state over the old under that fault; sets code.
faulty() {
  rm -f "$work/run"/*
  cp "$work/old" "$file"
  code=0
  # The shell says "Killed" on its own stderr.
  {
    PLUMB_FAULT=$1 LD_PRELOAD=$tests/libfault_shim.so "$tests/save_state" "$file" 2 \
      2>"$work/err" || code=$?
  } 2>/dev/null
}
alone() { [[ $(ls "$work/run") == state.safetensors ]] || fail "$1: left $(ls "$work/run")"; }
old_or_new() {
  cmp -s "$file" "$work/old" || cmp -s "$file" "$work/new" || fail "$1: neither old nor new"
}

# refusals CALL KIND TEXT LEAST: at least LEAST calls can fail so.
refusals() {
  local n=0
  while ((++n)); do
    faulty "$1:$n:$2"
    old_or_new "$1 $n $2"
    alone "$1 $n $2"
    ((code != 0)) || break
    ((code == 1)) || fail "$1 $n $2 exited $code"
    grep -qF "$file" "$work/err" || fail "$1 $n $2: no path: $(cat "$work/err")"
    grep -qF "$3" "$work/err" || fail "$1 $n $2: no cause: $(cat "$work/err")"
    # Only the folder's own fsync comes when the new file is in place.
    [[ $1:$n == fsync:2 ]] || cmp -s "$file" "$work/old" || fail "$1 $n $2: the old file is gone"
  done
  cmp "$file" "$work/new" || fail "$1 $n $2 succeeded and saved something else"
  ((n > $4)) || fail "only $((n - 1)) of $1 failed"
}
refusals open EACCES "Permission denied" 1
refusals open ENOSPC "No space left on device" 1
refusals write ENOSPC "No space left on device" 5
refusals write EIO "Input/output error" 5
refusals write EDQUOT "Disk quota exceeded" 5
refusals fsync EIO "Input/output error" 2
refusals fsync ENOSPC "No space left on device" 2
refusals rename EACCES "Permission denied" 1
refusals rename EIO "Input/output error" 1

# Interrupted calls are made again, short writes continued.
for fault in write:{1..7}:EINTR fsync:{1,2}:EINTR write:{4..7}:short; do
  faulty "$fault"
  ((code == 0)) || fail "$fault exited $code: $(cat "$work/err")"
  cmp "$file" "$work/new" || fail "$fault saved something else"
  alone "$fault"
done

# A file beyond the process's limit of its size: the signal that comes with it ends nothing.
rm -f "$work/run"/*
cp "$work/old" "$file"
code=0
(ulimit -f 100 && "$tests/save_state" "$file" 2) 2>"$work/err" || code=$?
((code == 1)) || fail "ulimit -f exited $code"
grep -qF "$file: cannot write: File too large" "$work/err" || fail "ulimit -f: $(cat "$work/err")"
cmp "$file" "$work/old" || fail "ulimit -f: the old file is gone"
alone "ulimit -f"

# Killed before each of the calls. What is left beside the file is removed once it is old.
n=0
while ((++n)); do
  faulty "any:$n:kill"
  ((code != 0)) || break
  ((code == 137)) || fail "kill $n exited $code"
  old_or_new "kill $n"
  value=$("$tests/save_state" "$file") || fail "kill $n: the file does not load"
  [[ $value == 1 || $value == 2 ]] || fail "kill $n: the file has $value"
done
((n > 9)) || fail "there were only $((n - 1)) calls to be killed at"

# Two that save at once, again and again: one of them whole.
for value in 3 4; do
  for _ in {1..20}; do "$tests/save_state" "$file" $value; done &
done
for _ in {1..20}; do
  value=$("$tests/save_state" "$file") || fail "while two save, the file does not load"
  [[ $value == [234] ]] || fail "two at once: the file has $value"
done
wait
alone "two at once"

# The same from the program's side.
digits=("$PLUMB_BIN_DIR/train_digits" --samples 64 --test-samples 64 --epochs 1)
for fault in write:2:ENOSPC fsync:1:EIO rename:1:EACCES; do
  code=0
  PLUMB_FAULT=$fault LD_PRELOAD=$tests/libfault_shim.so "${digits[@]}" --save "$work/digits" \
    >/dev/null 2>"$work/err" || code=$?
  ((code == 1)) || fail "train_digits under $fault exited $code"
  grep -qE "digits/(step|best).*: (No space|Input/out|Permission)" "$work/err" ||
    fail "train_digits under $fault: $(cat "$work/err")"
  [[ -z $(ls "$work/digits") ]] || fail "train_digits under $fault left $(ls "$work/digits")"
done

# An epoch is not trained to find that nothing can be renamed.
PLUMB_FAULT=rename:1:EACCES LD_PRELOAD=$tests/libfault_shim.so "${digits[@]}" --save "$work/digits" \
  >"$work/out" 2>/dev/null || true
[[ ! -s $work/out ]] || fail "train_digits began although it cannot rename: $(cat "$work/out")"

# The program with a limit of 1 MB on its files, in the first checkpoint, and on what it prints.
code=0
(ulimit -f 1000 && "${digits[@]}" --save "$work/digits") >/dev/null 2>"$work/err" || code=$?
((code == 1)) || fail "train_digits under ulimit -f exited $code"
grep -qE 'digits/best.*: cannot write: File too large' "$work/err" || fail "$(cat "$work/err")"
[[ -z $(ls "$work/digits") ]] || fail "train_digits under ulimit -f left $(ls "$work/digits")"
code=0
(ulimit -f 0 && "${digits[@]}" >"$work/printed") 2> >(cat >/dev/null) || code=$?
((code == 1)) || fail "train_digits, whose output is limited, exited $code"
