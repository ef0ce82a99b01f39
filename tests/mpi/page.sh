#!/usr/bin/env bash
# docs/distributed.md: the program for several ranks prints on one, two and three what it prints alone, and learns as
# the serial one does; the one with checkpoints goes on with another number of ranks.
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

"$PLUMB_BIN_DIR/resumed" "$work/whole" 3 >"$work/alone"
[[ $(wc -l <"$work/alone") == 3 ]] || fail "not three epochs: $(cat "$work/alone")"
ranks 3 resumed "$work/parts" 1 >"$work/many"
ranks 2 resumed "$work/parts" 3 >>"$work/many"
diff "$work/alone" "$work/many" >&2 || fail "a run in two parts prints something else"
cmp "$(newest "$work/whole")" "$(newest "$work/parts")" >&2 || fail "its last checkpoint differs"
