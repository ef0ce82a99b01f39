#!/usr/bin/env bash
# train_table: learns drawn rows nearly as well as is possible, files with targets of both kinds; writes
# predictions; cross-validates.
# shellcheck source=tests/support/script.sh
source "$PLUMB_SOURCE_DIR/tests/support/script.sh"
program=$PLUMB_BIN_DIR/train_table

drawn=(--epochs 8)
"$program" "${drawn[@]}" --threads 1 >"$work/first"
grep -q '^best possible   10.00 %$' "$work/first" || fail "does not say what is possible"
error=$(sed -n 's/^test error *\([0-9]*\)\..*/\1/p' "$work/first")
((error < 14)) || fail "errs in $error %"
"$program" "${drawn[@]}" --threads 3 --loader-threads 2 >"$work/again"
diff <(results "$work/first") <(results "$work/again") >&2 || fail "threads change the result"
"$program" "${drawn[@]}" --save "$work/run" --save-every 100 --keep 100 >/dev/null
mkdir "$work/part"
cp "$(find "$work/run" -name '*.safetensors' | grep -v best | sort | head -n 1)" "$work/part/"
"$program" "${drawn[@]}" --save "$work/part" --resume >"$work/resumed"
diff <(tail -n 1 "$work/first") <(tail -n 1 "$work/resumed") >&2 || fail "a resumed run is another"

# A category with a comma in its name, a number, a cell that is missing.
python3 - "$work" <<'PYTHON'
import csv, sys
with open(f"{sys.argv[1]}/train.csv", "w", newline="") as file:
    table = csv.writer(file)
    table.writerow(["size", "colour", "kind", "price"])
    for i in range(200):
        colour = "red" if i % 3 else "blue"
        table.writerow([i, colour, "large, old" if i > 99 else "small", 2 * i + (50 if colour == "red" else 0)])
with open(f"{sys.argv[1]}/new.csv", "w", newline="") as file:
    table = csv.writer(file)
    table.writerows([["colour", "size"], ["red", 10], ["blue", 190], ["red", ""]])
PYTHON
data=(--data "$work/train.csv" --predict "$work/new.csv" --epochs 200)
"$program" "${data[@]}" --target kind --ignore price --missing drop-row --output "$work/kinds.csv" >"$work/out"
diff <(printf 'row,kind\n1,small\n2,"large, old"\n') "$work/kinds.csv" >&2 || fail "other predictions"
"$program" "${data[@]}" --target price --ignore kind --missing fill --output "$work/prices.csv" >"$work/out"
python3 - "$work/prices.csv" <<'PYTHON' || fail "other prices: $(cat "$work/prices.csv")"
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1])))
assert [row["row"] for row in rows] == ["1", "2", "3"], rows
assert abs(float(rows[0]["price"]) - 70) < 15 and abs(float(rows[1]["price"]) - 380) < 15, rows
PYTHON
"$program" --data "$work/train.csv" --target kind --folds 4 --epochs 60 >"$work/out"
grep -q '^fold 4/4 ' "$work/out" || fail "no folds: $(cat "$work/out")"
grep -Eq '^test error      [0-5]\.[0-9]+ % \(mean of 4 folds\)$' "$work/out" || fail "$(tail -n 1 "$work/out")"

refused 2 "--target must name" --data "$work/train.csv"
refused 2 "--folds" --folds 1
refused 2 "--folds trains many models" --folds 5 --save "$work/none"
refused 2 "--folds trains many models" --folds 5 --predict "$work/new.csv"
refused 2 "neither with --shards nor under mpirun" --folds 5 --shards 2
OMPI_COMM_WORLD_SIZE=2 refused 2 "neither with --shards nor under mpirun" --folds 5
refused 1 "No such file" --data "$work/train.csv" --target kind --predict /nonexistent.csv
refused 1 "No such file" "${data[@]}" --target kind --output /nonexistent/kinds.csv
refused 1 "there is no column" --data "$work/train.csv" --target kind --predict "$work/new.csv"
refused 2 "--missing" --missing perhaps
refused 2 "--missing" --missing 1
refused 1 "weight" --data "$work/train.csv" --target weight
refused 1 "No such file" --data /nonexistent --target kind
printf 'a,b\n1\n' >"$work/ragged.csv"
refused 1 "line 2" --data "$work/ragged.csv" --target b
