#!/usr/bin/env bash
# Nothing that the library keeps is gone where a program's last destructors and atexit handlers still
# train and save.
# shellcheck source=tests/support/script.sh
source "$PLUMB_SOURCE_DIR/tests/support/script.sh"

for kind in global first handler "main thread" "other thread"; do
  for profile in 0 1; do
    rm -f "$work/state"
    PLUMB_PROFILE=$profile "$PLUMB_BUILD_DIR/tests/at_exit" "$kind" "$work/state" \
      >"$work/out" 2>"$work/err" || fail "$kind, profile $profile: exit code $?: $(cat "$work/err")"
    [[ $(cat "$work/out") == saved && -s $work/state ]] || fail "$kind, profile $profile: not saved"
  done
done

# What has a destructor in static storage: a table that is printed, and <iostream> by way of xtensor.
# In thread storage: lists that note that they are gone.
library=$PLUMB_BUILD_DIR/libplumb.a
[[ -f $library ]] || exit 0
# refuse_others SYMBOL NAME...: of the library's objects only these may call it.
refuse_others() {
  local others symbol=$1
  shift
  others=$(nm -A "$library" | sed -n "s/^[^:]*:\([a-z_0-9]*\)\.cpp\.o:.* U $symbol\$/\1/p" |
    grep -vxF -f <(printf '%s\n' "$@")) || return 0
  fail "something is destroyed too early in $(xargs <<<"$others")"
}
refuse_others __cxa_atexit profile gemm linalg
refuse_others __cxa_thread_atexit profile pool
