#!/usr/bin/env bash
# pieces: the loops of large steps are cut into pieces enough for 16 threads.
# shellcheck source=tests/support/script.sh
source "$PLUMB_SOURCE_DIR/tests/support/script.sh"
while read -r net batch least; do
  "$PLUMB_BUILD_DIR/tests/pieces" "$net" "$batch" >"$work/out" || fail "pieces $net $batch"
  most=$(sed -n 's/.*at most \([0-9.]*\) times$/\1/p' "$work/out")
  awk -v most="$most" -v least="$least" 'BEGIN { exit !(most >= least) }' ||
    fail "$net-$batch: 16 threads could be at most $most times as fast as one, expected $least: $(cat "$work/out")"
done <<'END'
mlp 8192 14.5
lenet 1024 11.5
cnn 64 12
cnnbn 64 10
lstm 512 14
END
