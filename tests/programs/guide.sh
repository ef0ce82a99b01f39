#!/usr/bin/env bash
# docs/guide.md: its commands run, in their order, on small files of the kinds that it describes.
# shellcheck source=tests/support/script.sh
source "$PLUMB_SOURCE_DIR/tests/support/script.sh"
cd "$work"
"$PLUMB_SOURCE_DIR/tests/support/guide_files.py" .

ran=0
while IFS= read -r line; do
  eval "\"$PLUMB_BIN_DIR\"/$line" >out 2>err || fail "$line: $(cat err)"
  ran=$((ran + 1))
done < <(awk '/^```sh$/ {on = 1; next} /^```$/ {on = 0} on && /^train_/' "$PLUMB_SOURCE_DIR/docs/guide.md")
((ran == 8)) || fail "$ran commands instead of 8"

[[ -s runs/book/best.safetensors ]] || fail "the text's network was not saved"
[[ $(head -n 1 predicted.csv) == row,kind ]] || fail "no predictions"
[[ $(wc -l <predicted.csv) == 4 ]] || fail "predictions of other rows"
grep -q '^<svg' positions.svg || fail "no picture"
