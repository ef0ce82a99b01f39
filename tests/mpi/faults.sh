#!/usr/bin/env bash
# A rank that dies, fails, stalls or differs is named by the others, in seconds, and nothing is left behind.
# PLUMB_KILLS says how often a run is killed at a random moment, and how often stopped: once each unless set.
# shellcheck source=tests/support/ranks.sh
source "$PLUMB_SOURCE_DIR/tests/support/ranks.sh"
read -r kills stops <<<"${PLUMB_KILLS:-1 1}"

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
steps differs "\\[DataParallel\\] before step 5 rank 1 differs from rank 0 in parameter 'body.0.weight'"
code=0
ranks 3 steps bits 2 >"$work/out" 2>"$work/err" || code=$?
says "$work/err" '\[DataParallel\] 2 shards are too few for 3 ranks: each needs one'

named=0
# lose SIGNAL NUMBER WORDS SECONDS: a random rank of four is sent a signal at a random moment.
lose() {
  local folder=$work/$1$2 rank=$((RANDOM % 4)) pid
  begins "$folder" 4 --model lenet --samples 3000 --epochs 1000 --threads 1 --save-every 4 --stall-seconds 2
  sleep "0.$((RANDOM % 900 + 100))"
  pid=$(process_of $rank "$folder")
  kill "-$1" "$pid"
  ended "$4" "$folder"
  ((code != 0)) || fail "a run that lost a rank ends as if nothing had been"
  # MPICH's mpirun kills all others within half a millisecond of a death: the line may come too late.
  if [[ $1 != KILL || $PLUMB_MPI != mpich ]] || grep -qF "[distributed]" "$folder.err"; then
    says "$folder.err" "\\[distributed\\] rank $rank \\(process $pid on .*\\) $3"
    ((++named))
  fi
  # What it has saved last is whole.
  "$PLUMB_BUILD_DIR/tests/load_file" "$(newest "$folder")" >/dev/null || fail "$(newest "$folder") is damaged"
  rm -rf "$folder"
}
for ((i = 0; i < stops; ++i)); do lose STOP $i "has (not come to|stalled)" 20; done
for ((i = 0; i < kills; ++i)); do lose KILL $i "has died" 10; done
echo "named $named of $((kills + stops))"
