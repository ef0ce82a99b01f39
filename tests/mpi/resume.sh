#!/usr/bin/env bash
# A run on four ranks that is stopped, by the end of one of them or by SIGTERM to mpirun, goes on with three as if
# it had never stopped; only rank 0 writes.
# shellcheck source=tests/support/ranks.sh
source "$PLUMB_SOURCE_DIR/tests/support/ranks.sh"

# One epoch, of which both runs are stopped in the first part.
options=(--model lenet --samples 6000 --test-samples 1000 --epochs 1 --threads 1)
"$PLUMB_BUILD_DIR/examples/train_digits" "${options[@]}" --shards 8 --save "$work/whole" >"$work/whole.out"
same_end() {
  cmp "$(newest "$work/whole")" "$(newest "$1")" >&2 || fail "$2: the last checkpoint differs"
  cmp "$work/whole/best.safetensors" "$1/best.safetensors" >&2 || fail "$2: the best differs"
  diff <(results "$work/whole.out" | tail -n 1) <(results "$1.out" | tail -n 1) >&2 ||
    fail "$2: the output differs"
}

begins "$work/killed" 4 "${options[@]}" --save-every 5
kill -KILL "$(process_of 2 "$work/killed")"
ended 10 "$work/killed"
((code != 0)) || fail "a run that lost a rank ends as if nothing had been"
ranks 3 train_digits "${options[@]}" --save "$work/killed" --resume >"$work/killed.out" 2>"$work/err" ||
  fail "three ranks do not go on: $(cat "$work/err")"
grep -q '^resumed from .*/step-' "$work/killed.out" || fail "it does not say what it resumes"
same_end "$work/killed" "killed"

# Open MPI's mpirun kills a second after SIGTERM unless told otherwise, which is little on a busy machine.
if [[ $PLUMB_MPI == openmpi ]]; then launch+=(--mca odls_base_sigkill_timeout 3); fi
begins "$work/stopped" 4 "${options[@]}" --save-every 5
kill -TERM $running
ended 20 "$work/stopped"
((code != 0)) || fail "a run that was stopped ends as if it had come to its end"
# Open MPI's mpirun may end before it has passed on what its ranks say.
if [[ $PLUMB_MPI != openmpi || -s $work/stopped.err ]]; then
  [[ $(grep -c 'stopped by a signal after step [0-9]*, saved' "$work/stopped.err") == 1 ]] ||
    fail "SIGTERM to mpirun: $(cat "$work/stopped.err")"
fi
code=0
ranks 3 train_digits "${options[@]}" --shards 9 --save "$work/stopped" --resume >"$work/out" 2>"$work/err" || code=$?
((code != 0)) || fail "a run goes on with other shards"
grep -qF "saved with shards 8, this run has 9" "$work/err" || fail "other shards: $(cat "$work/err")"
ranks 3 train_digits "${options[@]}" --save "$work/stopped" --resume >"$work/stopped.out" 2>"$work/err" ||
  fail "three ranks do not go on: $(cat "$work/err")"
same_end "$work/stopped" "stopped"
