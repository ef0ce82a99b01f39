#!/usr/bin/env bash
# A rank that fails, stalls or differs is named by the others, in seconds.
# shellcheck source=tests/support/ranks.sh
source "$PLUMB_SOURCE_DIR/tests/support/ranks.sh"

# says FILE TEXT
says() { grep -qE -- "$2" "$1" || fail "'$2' is not said: $(cat "$1")"; }
# steps WHAT TEXT: with three ranks it fails and says so.
steps() {
  local code=0
  ranks 3 steps "$1" >"$work/out" 2>"$work/err" || code=$?
  ((code != 0)) || fail "steps $1 ends well"
  says "$work/err" "$2"
  ! grep -q '^state' "$work/out" || fail "steps $1 prints: $(cat "$work/out")"
}
steps throws '^steps: no more data'
steps stalls '\[distributed\] rank 1 \(process [0-9]+ on .*\) has not come to the exchange of step 4 in 1.5 s'
says "$work/err" '\[distributed\] nothing more can be exchanged: a call has failed'
steps differs "\\[DataParallel\\] before step 5 rank 1 differs from rank 0 in parameter 'body.0.weight'"
for what in ends first-ends; do
  rank=1
  if [[ $what == first-ends ]]; then rank=0; fi
  steps "$what" "\[distributed\] rank $rank \(process [0-9]+ on .*\) has ended while others wait for it in the exchange of step 4"
  ! grep -qE "MPI_ERR|MPI Error|has died|MPI_Testall" "$work/err" || fail "steps $what: $(cat "$work/err")"
done
steps broadcasts '\[distributed\] rank 0 \(process [0-9]+ on .*\) (waits|has been) in a broadcast of rank 0, and rank [12] .* in the exchange of step 4'
steps half "\\[DataParallel\\] before step 2 rank 1 differs from rank 0 in parameter 'body.0.weight'"
steps short '\[DataParallel\] before step 4 rank 1 has another batch than rank 0: 24 samples, not 32'
steps seed '\[DataParallel\] before step 4 rank 1 has another batch than rank 0: other samples, so the seed, epoch'
code=0
ranks 3 steps bits 2 >"$work/out" 2>"$work/err" || code=$?
says "$work/err" '\[DataParallel\] 2 shards are too few for 3 ranks: each needs one'
