#!/usr/bin/env bash
# docs/distributed.md: the program for several ranks prints on one, two and three what it prints alone, and learns as
# the serial one does.
# shellcheck source=tests/support/ranks.sh
source "$PLUMB_SOURCE_DIR/tests/support/ranks.sh"

"$PLUMB_BIN_DIR/parallel" >"$work/alone"
for n in 1 2 3; do
  ranks "$n" parallel >"$work/many"
  diff "$work/alone" "$work/many" >&2 || fail "$n ranks print something else"
done
"$PLUMB_BUILD_DIR/mpi/serial" >"$work/serial"
for output in "$work/alone" "$work/serial"; do
  grep -Eq '^epoch 3  loss of the last batch 0\.[0-2]' "$output" || fail "it does not learn"
done
