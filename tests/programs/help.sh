#!/usr/bin/env bash
# Every program that takes options shows them with --help, in characters that a terminal prints.
# shellcheck source=tests/support/script.sh
source "$PLUMB_SOURCE_DIR/tests/support/script.sh"

shown=0
for name in train_{digits,text,speech,genes,table} across_tasks batch_size compare_optimizers gradient_penalty \
  heat_equation moving_averages pca_digits; do
  program=$PLUMB_BIN_DIR/$name
  [[ -x $program ]] || continue  # not all are built with sanitizers
  "$program" --help >"$work/help" || fail "$name --help exited $?"
  grep -q '^  --[a-z]' "$work/help" || fail "$name --help shows no option"
  if LC_ALL=C grep -an '[^[:print:]]' "$work/help"; then fail "$name --help has odd characters"; fi
  shown=$((shown + 1))
done
((shown >= 7)) || fail "only $shown programs are here"
