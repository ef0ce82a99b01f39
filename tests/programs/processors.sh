#!/usr/bin/env bash
# The number of threads without set_num_threads: of the processors that the process may run on, or what
# OMP_NUM_THREADS says. Quotas of control groups: tests/core/runtime/test_processors.cpp.
# shellcheck source=tests/support/script.sh
source "$PLUMB_SOURCE_DIR/tests/support/script.sh"
program=$PLUMB_BUILD_DIR/tests/processors
command -v taskset >/dev/null || skip "there is no taskset"
unset OMP_NUM_THREADS
[[ $(taskset -c "$(taskset -cp $$ | sed 's/.*: \([0-9]*\).*/\1/')" "$program") == 1 ]] ||
  fail "one processor is not one thread"
[[ $(OMP_NUM_THREADS=3 "$program") == 3 ]] || fail "OMP_NUM_THREADS does not count"
threads=$("$program")
((threads >= 1 && threads <= $(nproc))) || fail "$threads threads on $(nproc) processors"
