#!/usr/bin/env bash
# moving_averages: errors that are known in closed form, what it writes, with and without gnuplot.
# shellcheck source=tests/support/script.sh
source "$PLUMB_SOURCE_DIR/tests/support/script.sh"
program=$PLUMB_BIN_DIR/moving_averages

# Where gnuplot cannot be found, everything but the pictures is written.
PATH= "$program" --out "$work/bare" >"$work/bare.txt"
grep -q "apt-get install gnuplot-nox" "$work/bare.txt" || fail "not said what to install"
for file in model_1.csv model_1.gp model_2.csv model_2.gp; do
  [[ -s $work/bare/$file ]] || fail "no $file"
done
[[ $(wc -l <"$work/bare/model_1.csv") == 201 ]] || fail "model 1 has 200 points"
[[ $(wc -l <"$work/bare/model_2.csv") == 101 ]] || fail "model 2 has 100 points"

# near ROW COLUMN EXPECTED TOLERANCE: of the table of model 1.
near() {
  awk -v row="$1" -v column="$2" -v expected="$3" -v tolerance="$4" '
    /^Model/ {model++}
    model == 1 && index($0, row "  ") == 1 {
      found = 1; n = split(substr($0, length(row) + 1), values, " ")
      off = values[column] - expected; if (off < 0) off = -off
    }
    END {exit !(found && off < tolerance)}' "$work/bare.txt" || fail "$1: column $2 is not $3"
}
# Unit noise: the first debiased value is a value; later ones have the variance (1 - b) / (1 + b);
# the simple mean has (1 + 1/2 + ... + 1/200) / 200 over all. The exponential average lacks b^i of
# 0.3: bias^2 = 0.09 b^2 / (1 - b^2) / 200 for b = 0.9.
near "simple" 3 0.0294 0.002
near "debiased 0.01" 4 1 0.05
near "debiased 0.9" 5 0.0548 0.002
near "exponential 0.9" 2 0.0019 0.0003
near "debiased 0.9" 2 0 0.0002
grep -q "^least: debiased 0.5" "$work/bare.txt" || fail "model 2: another average is the best"

if command -v gnuplot >/dev/null; then
  "$program" --draws 2 --out "$work/drawn" >"$work/drawn.txt"
  for model in 1 2; do
    grep -q '</svg>' "$work/drawn/model_$model.svg" || fail "no picture of model $model"
    diff "$work/bare/model_$model.csv" "$work/drawn/model_$model.csv" || fail "other data"
  done
fi

refused 2 "got '1'" --draws 1
refused 2 "--frobnicate" --frobnicate
touch "$work/file"
refused 1 "$work/file/below" --out "$work/file/below"
