#!/usr/bin/env bash
# train_digits --save and --resume: a run that is stopped anywhere, by SIGKILL or by a signal that it
# answers, and goes on with other threads, ends with the files and the output of one never stopped.
# shellcheck source=tests/support/script.sh
source "$PLUMB_SOURCE_DIR/tests/support/script.sh"
program=$PLUMB_BIN_DIR/train_digits

small=(--samples 3000 --test-samples 3000 --debias)
newest() { find "$1" -name 'step-*.safetensors' | sort | tail -n 1; }
# same_end DIR WHAT [WHOLE]: DIR ended as the run of WHOLE, which was never stopped.
same_end() {
  local whole=${3:-$work/whole}
  cmp "$(newest "$whole")" "$(newest "$1")" >&2 || fail "$2: the last checkpoint differs"
  cmp "$whole/best.safetensors" "$1/best.safetensors" >&2 || fail "$2: the best differs"
  diff <(results "$whole.out" | tail -n 1) <(results "$1.out" | tail -n 1) >&2 ||
    fail "$2: the output differs"
}

"$program" "${small[@]}" --epochs 10 --threads 1 --save "$work/whole" >"$work/whole.out"
[[ $(find "$work/whole" -type f | wc -l) == 3 ]] || fail "not two checkpoints and the best are kept"

# Three epochs, killed within the fourth, from which a few steps were saved; then to the end.
# kill_within DIR [options]
kill_within() {
  "$program" "${small[@]}" --epochs 10 --threads 2 --save "$1" --save-every 5 "${@:2}" >/dev/null &
  local pid=$!
  until [[ $(newest "$1" 2>/dev/null) > "$1/step-000000000145.safetensors" ]]; do
    kill -0 $pid 2>/dev/null || fail "the run ended before it was killed"
    sleep 0.01
  done
  kill -KILL $pid
  wait $pid 2>/dev/null || true
}
kill_within "$work/killed"
"$program" "${small[@]}" --epochs 10 --threads 1 --loader-threads 2 --save "$work/killed" --resume \
  >"$work/killed.out"
grep -q '^resumed from .*/step-' "$work/killed.out" || fail "it does not say what it resumes"
same_end "$work/killed" "killed in the fourth epoch"

# The same with a learning rate that falls.
"$program" "${small[@]}" --epochs 10 --schedule cosine --save "$work/cosine" >"$work/cosine.out"
if cmp -s "$(newest "$work/whole")" "$(newest "$work/cosine")"; then fail "--schedule does nothing"; fi
kill_within "$work/fell" --schedule cosine
ends 1 "goes on with the --epochs that it began with" "${small[@]}" --epochs 11 --schedule cosine --save "$work/fell" --resume
ends 1 "schedule" "${small[@]}" --epochs 10 --save "$work/fell" --resume
"$program" "${small[@]}" --epochs 10 --schedule cosine --save "$work/fell" --resume >"$work/fell.out"
same_end "$work/fell" "killed while the learning rate falls" "$work/cosine"

# SIGINT and SIGTERM, each sent twice as timeout(1) does: the step is finished, a checkpoint saved, and
# the exit code says which it was. A shell ignores SIGINT for what it runs in the background.
for stop in "INT 130" "TERM 143"; do
  read -r signal expected <<<"$stop"
  env --default-signal=INT "$program" "${small[@]}" --epochs 1000000 --threads 2 \
    --save "$work/$signal" >/dev/null 2>"$work/err" &
  pid=$!
  until [[ -n $(newest "$work/$signal" 2>/dev/null) ]]; do
    kill -0 $pid 2>/dev/null || fail "the run ended before SIG$signal: $(cat "$work/err")"
    sleep 0.01
  done
  kill -s "$signal" $pid $pid
  code=0
  wait $pid || code=$?
  [[ $code == "$expected" ]] || fail "SIG$signal exited $code"
  grep -q 'stopped by a signal after step [0-9]*, saved' "$work/err" ||
    fail "SIG$signal was not answered: $(cat "$work/err")"
done

# The same within the ten epochs: stopped by SIGINT again and again, each time a little later.
code=1
rounds=0
while ((code != 0)); do
  code=0
  limit=$(awk "BEGIN {print 0.05 + 0.03 * $rounds}")
  timeout --preserve-status -s INT "$limit" "$program" "${small[@]}" --epochs 10 \
    --threads $((1 + rounds % 2)) --save "$work/often" --resume >"$work/often.out" 2>/dev/null ||
    code=$?
  ((code == 0 || code == 130)) || fail "a resumed run exited $code"
  ((++rounds < 200)) || fail "the resumed run does not come to an end"
done
((rounds > 1)) || fail "the run was never stopped"
same_end "$work/often" "stopped $rounds times"

# A run that has reached its end only tests; a longer one goes on.
"$program" "${small[@]}" --epochs 10 --save "$work/often" --resume >"$work/often.out"
same_end "$work/often" "resumed at its end"
"$program" "${small[@]}" --epochs 11 --save "$work/often" --resume >"$work/often.out"
[[ $(grep -c '^epoch' "$work/often.out") == 1 ]] || fail "one epoch more is not one"

ends 1 "holds checkpoints; --resume goes on with them" "${small[@]}" --save "$work/whole"
ends 1 "saved with lr 0.05, this run has 0.1" "${small[@]}" --lr 0.1 --save "$work/whole" --resume
if grep -q 'the checkpoint before' "$work/err"; then fail "another checkpoint would not help: $(cat "$work/err")"; fi
ends 1 "saved with samples 3000, this loader has 2999" --samples 2999 --test-samples 3000 --debias \
  --save "$work/whole" --resume
ends 1 "saved with model 'mlp', this run has 'cnn'" "${small[@]}" --model cnn \
  --save "$work/whole" --resume
refused 2 "--save" --resume
refused 2 "--save: the name is empty" --save ""
refused 2 "--save: the name is empty" --save "" --resume
refused 2 "--keep" --keep 0 --save "$work/x"

# What cannot be written is told before the first epoch, and before the data is made.
refused 1 "[CheckpointFolder] /dev/null/x: Not a directory" --save /dev/null/x
mkdir -p "$work/odd/best.safetensors"
refused 1 "[CheckpointFolder] $work/odd/best.safetensors: Is a directory" --save "$work/odd"
truncate -s -1 "$(newest "$work/whole")"
ends 1 "the checkpoint before it is $work/whole/step-" "${small[@]}" --save "$work/whole" --resume
