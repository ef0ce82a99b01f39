#!/usr/bin/env bash
# across_tasks: two small comparisons side by side, on a page that links to theirs.
# shellcheck source=tests/support/script.sh
source "$PLUMB_SOURCE_DIR/tests/support/script.sh"
for task in two-moons logistic; do
  "$PLUMB_BIN_DIR/compare_optimizers" --task $task --samples 300 --epochs 2 --trials 3 --studies 1 --inside 0 --evaluations 2 \
    --seeds 7 --optimizer sgd --optimizer adam --out "$work/$task" >/dev/null
done
program=$PLUMB_BIN_DIR/across_tasks
"$program" "$work/two-moons" "$work/logistic" --out "$work/both" >"$work/out"
grep -Eq '^optimizer +two-moons +logistic +profile' "$work/out" || fail "no table: $(cat "$work/out")"
[[ $(wc -l <"$work/both/ratios.csv") == 5 ]] || fail "not 2 * 2 ratios"
grep -q "<a href='../two-moons/report.html'>" "$work/both/report.html" || fail "no link to the runs"
grep -q 'Performance profile' "$work/both/report.html" || ! command -v gnuplot >/dev/null || fail "no profile"

refused 2 "folders" --out "$work/none"
refused 1 "summary.csv" "$work"
