#!/usr/bin/env bash
# The small examples run and reach what they promise.
# shellcheck source=tests/support/script.sh
source "$PLUMB_SOURCE_DIR/tests/support/script.sh"

line=$("$PLUMB_BIN_DIR/linear_regression" | tail -n 1)
echo "$line"
[[ $line =~ ^y\ =\ (2\.9[5-9]|3\.0[0-5])[0-9]*\ x_1 ]] || fail "linear_regression: $line"

"$PLUMB_BIN_DIR/xor" || fail "xor was not learnt"

out=$("$PLUMB_BIN_DIR/custom_layer")
echo "$out"
[[ $(grep -c 'gradients agree' <<<"$out") == 3 ]] || fail "custom_layer: not checked"
loss=$(tail -n 1 <<<"$out" | awk '{print $4}')
awk -v loss="$loss" 'BEGIN {exit !(loss < 0.5)}' || fail "custom_layer: loss $loss"

# A tenth of the steps leads a good part of the way, and the picture is drawn. Unoptimized code takes only
# the first of them.
steps=2000 most=0.2
if grep -q '^CMAKE_CXX_FLAGS:.*-fsanitize' "$PLUMB_BUILD_DIR/CMakeCache.txt"; then steps=20 most=2; fi
out=$("$PLUMB_BIN_DIR/heat_equation" --steps $steps --out "$work/heat")
echo "$out"
error=$(tail -n 1 <<<"$out" | awk '/^relative L2 error/ {print $4}')
awk -v error="$error" -v most=$most 'BEGIN {exit !(error > 0 && error < most)}' ||
  fail "heat_equation: error $error"
[[ $(wc -l <"$work/heat/heat_equation.csv") == 264 ]] || fail "heat_equation: no curves"

# A tenth of the steps brings the distance near 5.
steps=200 most=0.5
if grep -q '^CMAKE_CXX_FLAGS:.*-fsanitize' "$PLUMB_BUILD_DIR/CMakeCache.txt"; then steps=5 most=5; fi
line=$("$PLUMB_BIN_DIR/gradient_penalty" --steps $steps | tail -n 1)
echo "$line"
awk -v most=$most '{off = $2 - 5; exit !($1 == "distance" && off < most && off > -most)}' <<<"$line" ||
  fail "gradient_penalty: $line"

# Two components of 500 digits explain 15 % of their variance, 58 of them 90 %; each digit has a place.
program=$PLUMB_BIN_DIR/pca_digits
out=$("$program" --samples 500)
echo "$out"
awk '$1 == 2 {two = $4} $1 ~ /^[0-9]+$/ {last = $1} END {exit !(two > 14.5 && two < 15.5 && last == 58)}' \
  <<<"$out" || fail "pca_digits: other components"
[[ $(grep -c '^|.\{78\}|$' <<<"$out") == 30 ]] || fail "pca_digits: no picture"
for digit in {0..9}; do
  grep '^|' <<<"$out" | grep -q "$digit" || fail "pca_digits: no $digit in the picture"
done
refused 2 "expected a whole number in [3, 100000]" --samples 2
refused 1 "[load_mnist] /nowhere: No such file or directory" --data /nowhere
