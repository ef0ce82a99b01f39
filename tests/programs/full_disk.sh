#!/usr/bin/env bash
# A file system of 1 MiB that fills up: the old checkpoint stays, and room on it makes the next save
# work. Skipped where none may be mounted.
# shellcheck source=tests/support/script.sh
source "$PLUMB_SOURCE_DIR/tests/support/script.sh"
if [[ ${1-} != inside ]]; then
  unshare --mount true 2>/dev/null || skip "no file system may be mounted here"
  code=0
  unshare --mount bash "$0" inside || code=$?
  exit "$code"
fi

trap 'umount "$work" 2>/dev/null; rmdir "$work"' EXIT
mount -t tmpfs -o size=1m tmpfs "$work" 2>/dev/null || skip "no file system may be mounted here"

# A checkpoint takes 590 KiB, so that a second one does not fit beside it.
save_state=$PLUMB_BUILD_DIR/tests/save_state
"$save_state" "$work/state" 1
code=0
message=$("$save_state" "$work/state" 2 2>&1) || code=$?
[[ $code == 1 ]] || fail "a full disk exited $code"
[[ $message == *"$work/state: cannot write"*": No space left on device" ]] || fail "$message"
[[ $(ls "$work") == state ]] || fail "left $(ls "$work")"
[[ $("$save_state" "$work/state") == 1 ]] || fail "the old checkpoint is gone"

mount -o remount,size=2m "$work"
"$save_state" "$work/state" 2
[[ $("$save_state" "$work/state") == 2 ]] || fail "with room the save did not work"
