#!/usr/bin/env bash
# train_digits: what it prints, what it refuses, and that equal settings give equal bits.
# shellcheck source=tests/support/script.sh
source "$PLUMB_SOURCE_DIR/tests/support/script.sh"
program=$PLUMB_BIN_DIR/train_digits

small=(--samples 2000 --test-samples 1000 --epochs 2)
"$program" "${small[@]}" >"$work/first"
grep -q '^train 2000, test 1000 samples' "$work/first" || fail "not as many samples as it was told"
grep -q '^epoch 2/2 ' "$work/first" || fail "no line for an epoch"
grep -q '^rows: the true class, columns' "$work/first" || fail "no confusion table"
grep -Eq '^training .* samples/s$' "$work/first" || fail "no samples per second"
grep -Eq '^parameter hash  [0-9a-f]{16}$' "$work/first" || fail "no parameter hash"
if grep -q $'[\r\033]' "$work/first"; then fail "control characters outside a terminal"; fi

for threads in "1 0" "2 0" "4 0" "1 2" "2 2"; do
  read -r computing loading <<<"$threads"
  "$program" "${small[@]}" --threads "$computing" --loader-threads "$loading" >"$work/again"
  diff <(results "$work/first") <(results "$work/again") >&2 ||
    fail "$computing threads and $loading loader threads changed the result"
done
"$program" "${small[@]}" --seed 1 >"$work/other"
if diff -q <(results "$work/first") <(results "$work/other") >/dev/null; then fail "the seed does nothing"; fi

# On a terminal there is a progress line, with rate and time left. A bare chroot has none to open.
if script -qec true /dev/null >/dev/null 2>&1 </dev/null; then
  script -qec "$program --model lenet --samples 20000 --epochs 1" /dev/null >"$work/terminal" </dev/null
  grep -q $'\r.*ETA .*samples/s' "$work/terminal" || fail "no progress line on a terminal"
  # The time left is that of all epochs: hours.
  script -qec "$program --samples 20000 --epochs 100000" /dev/null >"$work/terminal" </dev/null &
  running=$!
  for ((i = 0; i < 600; ++i)); do
    if grep -Eq $'\r.*1/100000 .*  ETA [0-9]+:[0-9]{2}:[0-9]{2}' "$work/terminal"; then break; fi
    sleep 0.1
  done
  kill $running
  wait $running 2>/dev/null || true
  ((i < 600)) || fail "the time left is not that of the run: $(tail -c 200 "$work/terminal")"
fi

refused 2 "--frobnicate" --frobnicate
refused 2 "Usage:" --frobnicate
refused 2 "expected a whole number in [1, 1000000], got '-5'" --epochs -5
refused 2 "got '0'" --batch-size 0
refused 2 "got '010'" --epochs 010
refused 2 "got '99999999999999999999'" --epochs 99999999999999999999
refused 2 "got '1.5'" --batch-size 1.5
refused 2 "got 'nan'" --lr nan
refused 2 "got 'inf'" --lr inf
refused 2 "got '0x10'" --lr 0x10
refused 2 "got '-0.1'" --lr -0.1
refused 2 "expected a number in [0, 1), got '1'" --momentum 1
refused 2 "got '1e-400'" --lr 1e-400
refused 2 "--model" --model transformer
refused 2 "" surplus
refused 2 "[SGD] nesterov" --nesterov --momentum 0
refused 2 "[SGD] nesterov" --nesterov --dampening 0.5
refused 2 "Usage:" --nesterov --dampening 0.5
refused 1 "/nonexistent" --data /nonexistent

# A set without images is named; what waits for a pipe ends with the first signal.
mkdir "$work/none" "$work/pipes"
for name in train t10k; do
  printf '\0\0\10\3\0\0\0\0\0\0\0\34\0\0\0\34' >"$work/none/$name-images-idx3-ubyte"
  printf '\0\0\10\1\0\0\0\0' >"$work/none/$name-labels-idx1-ubyte"
  mkfifo "$work/pipes/$name-images-idx3-ubyte" "$work/pipes/$name-labels-idx1-ubyte"
done
refused 1 "there are no images" --data "$work/none"
for stop in "INT 130" "TERM 143"; do
  read -r signal expected <<<"$stop"
  env --default-signal=INT "$program" --data "$work/pipes" >"$work/out" 2>"$work/err" &
  pid=$!
  until [[ -d /proc/$pid/fd && $(readlink /proc/$pid/fd/* 2>/dev/null) == *pipes/train-images* ]]; do
    kill -0 $pid 2>/dev/null || fail "the run ended before SIG$signal: $(cat "$work/err")"
    sleep 0.01
  done
  kill -s "$signal" $pid
  code=0
  wait $pid || code=$?
  [[ $code == "$expected" ]] || fail "SIG$signal while it waits for a pipe exited $code"
  grep -qF "train-images-idx3-ubyte: a signal ended the reading" "$work/err" ||
    fail "SIG$signal while it waits for a pipe: $(cat "$work/err")"
done

# The limit of --threads holds for the environment, and is said once.
for threads in 5000 99999999999; do
  OMP_NUM_THREADS=$threads "$program" --samples 64 --test-samples 64 --epochs 1 >"$work/many" 2>"$work/err" ||
    fail "OMP_NUM_THREADS=$threads exited $?"
  [[ $(cat "$work/err") == "plumb: OMP_NUM_THREADS is $threads, 1024 threads are used" ]] ||
    fail "OMP_NUM_THREADS=$threads: $(cat "$work/err")"
done

# Only what a batch really holds takes memory: the summary of 10 million samples would take 31 GB.
# Sanitizers reserve far more addresses than that, so they run without the limit.
limit=8000000
(ulimit -v $limit && "$program" --help) >/dev/null 2>&1 || limit=$(ulimit -v)
(ulimit -v "$limit" && "$program" --batch-size 10000000 --samples 100 --test-samples 100 --epochs 1) >"$work/whole" ||
  fail "a batch beyond the training set exited $?"
grep -q '\[100, 10\]' "$work/whole" || fail "the summary is not for the batch: $(cat "$work/whole")"

"$program" --help >"$work/help" || fail "--help exited $?"
grep -q -- --weight-decay "$work/help" || fail "--help does not list the options"
PLUMB_ISA=base "$program" --version >"$work/version" || fail "--version exited $?"
grep -Eq '^plumb [0-9.]+; .+; OpenBLAS [0-9.]+ with kernels for [A-Za-z0-9_]+$' "$work/version" ||
  fail "--version says $(cat "$work/version")"

# A full disk is an error, a closed pipe ends without a word.
code=0
"$program" "${small[@]}" >/dev/full 2>"$work/err" || code=$?
[[ $code == 1 ]] || fail "a full disk exited $code"
grep -q 'No space left' "$work/err" || fail "a full disk was not named: $(cat "$work/err")"
("$program" "${small[@]}" 2>"$work/err" || true) | head -n 1 >/dev/null
[[ ! -s $work/err ]] || fail "a closed pipe was not quiet: $(cat "$work/err")"
