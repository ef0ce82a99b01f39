#!/usr/bin/env bash
# train_genes: learns planted promoters nearly as well as is possible, shows where they are, and leaves
# one out.
# shellcheck source=tests/support/script.sh
source "$PLUMB_SOURCE_DIR/tests/support/script.sh"
program=$PLUMB_BIN_DIR/train_genes

small=(--samples 1000 --epochs 8)
"$program" "${small[@]}" --threads 1 --picture "$work/picture.svg" >"$work/first"
grep -q '^rows: the true class, columns' "$work/first" || fail "no confusion table"
grep -q '^best possible   7.47 %$' "$work/first" || fail "does not say what is possible"
error=$(sed -n 's/^test error *\([0-9]*\)\..*/\1/p' "$work/first")
((error < 25)) || fail "errs in $error %"
python3 - "$work/picture.svg" <<'PYTHON' || fail "the picture is not well formed"
import sys
import xml.etree.ElementTree as tree
root = tree.parse(sys.argv[1]).getroot()
space = "{http://www.w3.org/2000/svg}"
bars = root.findall(f"{space}rect")[1:]
assert len(bars) == 57, len(bars)
highest = max(range(57), key=lambda i: float(bars[i].get("height")))
assert 12 <= highest < 46, highest  # between the boxes' first and last letters
PYTHON
"$program" "${small[@]}" --threads 3 --loader-threads 2 >"$work/again"
diff <(results "$work/first") <(results "$work/again") >&2 || fail "threads change the result"

"$program" "${small[@]}" --save "$work/run" --save-every 5 --keep 100 >/dev/null
mkdir "$work/part"
cp "$(find "$work/run" -name '*.safetensors' | grep -v best | sort | head -n 1)" "$work/part/"
"$program" "${small[@]}" --save "$work/part" --resume >"$work/resumed"
diff <(tail -n 1 "$work/first") <(tail -n 1 "$work/resumed") >&2 || fail "a resumed run is another"

# Twelve sequences that one letter tells apart.
for i in 1 2 3 4 5 6; do
  printf '>a%d class=one\nACGTAACGTA\n>b%d class=two\nACGTTACGTA\n' "$i" "$i"
done >"$work/genes.fasta"
for model in pairs conv; do
  "$program" --data "$work/genes.fasta" --label class --model "$model" --leave-one-out 2 --epochs 60 \
    --batch-size 11 --picture "$work/$model.svg" >"$work/out"
  [[ -s $work/$model.svg ]] || fail "$model: no picture"
  grep -q '^leave one out   0 errors of 12 (median of 2 runs)$' "$work/out" || fail "$model: $(cat "$work/out")"
  grep -q '^ensemble        0 errors of 12$' "$work/out" || fail "$model: $(cat "$work/out")"
done

refused 2 "--model" --model tree
refused 2 "--save saves nothing" --leave-one-out 1 --save "$work/none"
refused 2 "--leave-one-out trains many models" --leave-one-out 1 --shards 2
PMI_SIZE=2 refused 2 "--leave-one-out trains many models" --preset promoters
refused 2 "the name is empty" --picture ''
refused 1 "No such file" --data /nonexistent
refused 1 "No such file" --picture /nonexistent/picture.svg
refused 1 "record 0, a1, has no label=" --data "$work/genes.fasta"
{ cat "$work/genes.fasta" && printf '>late class=one\nACGT\n'; } >"$work/short.fasta"
refused 1 "$work/short.fasta: late has 4 letters, a1 10" --data "$work/short.fasta" --label class
# Each of these is the only one of its class, so that those which test have none that trains.
for i in 1 2 3 4 5 6; do printf '>only%d class=%d\nACGT\n' "$i" "$i"; done >"$work/only.fasta"
refused 1 "$work/only.fasta: only" --data "$work/only.fasta" --label class
grep -q "is of the class '[1-6]', of which there is none among the [45] " "$work/err" || fail "$(cat "$work/err")"
