#!/usr/bin/env bash
# PLUMB_PROFILE=1: a table on stderr at the end of any program, by time; the results stay the same.
# shellcheck source=tests/support/script.sh
source "$PLUMB_SOURCE_DIR/tests/support/script.sh"

wrong() { fail "$1: $(cat "$work/err")"; }

run() { "$PLUMB_BIN_DIR/train_digits" --samples 500 --test-samples 500 --epochs 1 >"$work/out" 2>"$work/err"; }

for setting in "" 0; do
  PLUMB_PROFILE=$setting run
  [[ ! -s $work/err ]] || wrong "PLUMB_PROFILE='$setting' printed"
done
results "$work/out" >"$work/expected"
PLUMB_PROFILE=1 run
diff "$work/expected" <(results "$work/out") >&2 || wrong "a profile changed the results"

[[ $(head -n 1 "$work/err") == operation*phase*calls*time\ ms*GB/s*GFLOP/s ]] || wrong "no title"
# 8 batches to train, one to evaluate and one for the summary go forward, 8 the rest of the way. The
# summary sees each layer alone, the others the first two with their ReLUs.
for row in 'linear_relu +backward +16 ' 'linear_relu +forward +18 ' 'linear +backward +8 ' \
  'linear +forward +12 ' 'relu +forward +2 ' 'cross_entropy +forward +8 ' 'SGD +step +8 '; do
  grep -Eq "^$row" "$work/err" || wrong "no row '$row'"
done
if grep -E '^linear .* -$' "$work/err"; then wrong "no GFLOP/s"; fi
[[ $(tail -n 1 "$work/err") == all\ * ]] || wrong "no sum at the end"

# By time, and the sum is that of the rows.
awk '$2 ~ /^(forward|backward|step)$/ { if (NR > 2 && $4 > last) exit 1; last = $4; sum += $4 }
     $1 == "all" { exit !(sum - $3 < 0.1 && $3 - sum < 0.1) }' "$work/err" ||
  wrong "the rows are not sorted by time, or do not add up"
