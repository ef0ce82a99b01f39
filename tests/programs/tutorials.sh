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
[[ $(grep -c 'gradients agree' <<<"$out") == 2 ]] || fail "custom_layer: not checked"
loss=$(tail -n 1 <<<"$out" | awk '{print $4}')
awk -v loss="$loss" 'BEGIN {exit !(loss < 0.5)}' || fail "custom_layer: loss $loss"
