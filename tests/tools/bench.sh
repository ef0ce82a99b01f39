#!/usr/bin/env bash
# What bench/run makes of figures: medians, libtorch's best, ratios, shares, marks, the document.
source_dir=${PLUMB_SOURCE_DIR:-$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)}
# shellcheck source=tests/support/script.sh
source "$source_dir/tests/support/script.sh"

# Figures that nobody measured, three rounds each. Times in nanoseconds: an MLP step at batch 64 has
# 64473088 operations, so 1e6 are 64.47 GFLOP/s; plain SGD on 50 million moves 600 MB.
cat >"$work/figures.json" <<'JSON'
{"machine": {"processor": "a processor"}, "rounds": 3, "seconds": 0.5, "date": "2000-01-02",
 "train_digits_bytes": 6000000,
 "limits": [
  {"workload": "sgemm-2048", "threads": 1, "nanoseconds": [1e9, 171798691.84, 1e6]},
  {"workload": "triad-50", "threads": 1, "nanoseconds": [20e6, 20e6, 20e6]},
  {"workload": "sgemm-2048", "threads": 2, "nanoseconds": [85899345.92, 85899345.92, 85899345.92]},
  {"workload": "triad-50", "threads": 2, "nanoseconds": [20e6, 20e6, 20e6]}],
 "cells": [
  {"workload": "mlp-64", "threads": 1,
   "plumb": {"nanoseconds": [9e6, 1e6, 1e3], "peak_kib": [1024, 2048, 4096],
             "first_step_ms": [30, 21, 5]},
   "libtorch": {
    "openmp": {"nanoseconds": [2e6, 2e6, 2e6], "peak_kib": [8192, 8192, 8192],
               "first_step_ms": [90, 90, 90]},
    "pthread-1": {"nanoseconds": [1, 1.4e6, 9e9], "peak_kib": [4096, 4096, 4096],
                  "first_step_ms": [95, 95, 95]}}},
  {"workload": "plain-50", "threads": 1, "plumb": {"nanoseconds": [25e6, 25e6, 25e6]},
   "libtorch": {"openmp": {"nanoseconds": [50e6, 50e6, 50e6]}}},
  {"workload": "plain-50", "threads": 2, "plumb": {"nanoseconds": [25e6, 25e6, 25e6]},
   "libtorch": {"openmp": {"nanoseconds": [30e6, 30e6, 30e6]}}},
  {"workload": "momentum-50", "threads": 1, "plumb": {"nanoseconds": [20e6, 20e6, 20e6]},
   "libtorch": {}},
  {"workload": "debiased-50", "threads": 1, "plumb": {"nanoseconds": [20.8e6, 20.8e6, 20.8e6]},
   "libtorch": {}},
  {"workload": "accumulate-50", "threads": 1, "plumb": {"nanoseconds": [40e6, 40e6, 40e6]},
   "libtorch": {}},
  {"workload": "lion-50", "threads": 1, "plumb": {"nanoseconds": [22e6, 22e6, 22e6]}, "libtorch": {}},
  {"workload": "muon-784", "threads": 1, "plumb": {"nanoseconds": [13e6, 13e6, 13e6]},
   "libtorch": {}},
  {"workload": "muon-products-784", "threads": 1,
   "plumb": {"nanoseconds": [11.95376640e6, 11.95376640e6, 11.95376640e6]}, "libtorch": {}},
  {"workload": "mul-8", "threads": 1, "plumb": {"nanoseconds": [80, 80, 80]}, "libtorch": {}}]}
JSON

printf 'before\n<!-- figures: written by bench/run -->\nold\n<!-- end of figures -->\nafter\n' \
  >"$work/document.md"
"$source_dir/bench/run" --from "$work/figures.json" --markdown "$work/document.md" \
  --json "$work/again.json" >"$work/out"
tr -s ' ' <"$work/out" >"$work/narrow"

# shows WORD...: a line of the output has these words in a row, whatever space is between them.
shows() { grep -qF -- "$*" "$work/narrow" || fail "'$*' is not shown: $(cat "$work/out")"; }
shows 'mlp-64 1 1 ms 1.4 ms pthread-1 1.40 >= 1.45 missed 64.5 GFLOP/s 64 %'
shows 'plain-50 1 25 ms 50 ms openmp 2.00 >= 0.95 24.0 GB/s 80 % >= 85 % missed'
shows 'plain-50 2 25 ms 30 ms openmp 1.20 >= 1.94 missed 24.0 GB/s 80 %'
shows 'mul-8 1 80 ns - - - >= 15.00 - -'
shows 'mlp-64 2 MiB 4 MiB 0.50 21.0 ms 90.0 ms <= 20 ms missed'
shows 'Limits, threads 2: sgemm 200.0 GFLOP/s, triad in place 30.0 GB/s.'
shows 'debiased-50 takes 1.04 times as long as momentum-50, one thread; target <= 1.05.'
shows 'accumulate-50 takes 2.00 times as long as momentum-50, one thread; target <= 1.80, missed.'
shows 'lion-50 takes 1.10 times as long as momentum-50, one thread; target <= 1.05, missed.'
shows 'muon-784 takes 1.09 times as long as muon-products-784, one thread; target <= 1.30.'
shows 'muon-products-784 1 11.95 ms - - - 100.0 GFLOP/s 100 %'
shows 'The stripped train_digits: 6.00 MB, target <= 5 MB, missed.'

[[ $(head -n 1 "$work/document.md") == before && $(tail -n 1 "$work/document.md") == after ]] ||
  fail "the document around the figures has changed"
grep -qxF old "$work/document.md" && fail "the old figures are still there"
grep -qF '| mlp-64 | 1 | 1 ms | 1.4 ms | pthread-1 | 1.40 | >= 1.45 **missed** | 64.5 GFLOP/s | 64 % |  |' \
  "$work/document.md" || fail "no table in the document: $(cat "$work/document.md")"
"$source_dir/bench/run" --from "$work/again.json" | diff - "$work/out" >&2 ||
  fail "the JSON that was written gives another table"

# Two runs together: medians over the rounds of both, of one machine and commit only.
sed 's/\[9e6, 1e6, 1e3\]/[2e6, 4e6, 4e6]/' "$work/figures.json" >"$work/second.json"
"$source_dir/bench/run" --from "$work/figures.json" "$work/second.json" --json "$work/both.json" |
  tr -s ' ' >"$work/narrow"
shows 'mlp-64 1 3 ms 1.4 ms pthread-1 0.47 >= 1.45 missed'
[[ $("$source_dir/bench/run" --from "$work/both.json" | tr -s ' ') == "$(cat "$work/narrow")" ]] ||
  fail "the JSON of two runs gives another table"
sed 's/a processor/another/' "$work/figures.json" >"$work/second.json"
if "$source_dir/bench/run" --from "$work/figures.json" "$work/second.json" >/dev/null 2>"$work/err"
then fail "two machines were joined"; fi
grep -qF "a processor in one, another in another" "$work/err" || fail "the machines are not named"

# Beside other programs: several threads against the better of one and several.
python3 - "$work/figures.json" "$work/beside.json" <<'PYTHON'
import json, sys
figures = json.load(open(sys.argv[1]))
figures.update(beside=2, repeated=4)
for cell in figures["cells"]:
    if (cell["workload"], cell["threads"]) == ("plain-50", 2):
        cell["plumb"]["nanoseconds"] = [30e6] * 3
json.dump(figures, open(sys.argv[2], "w"))
PYTHON
"$source_dir/bench/run" --from "$work/beside.json" | tr -s ' ' >"$work/narrow"
shows 'Beside 2 busy programs plain-50 takes with 2 threads, in times of the better of one and all: plumb 1.20, libtorch 1.00; target <= 1.10, missed.'
shows 'Measured once more, for their rounds were far apart: 4 cells.'

"$source_dir/bench/run" --list >"$work/list"
grep -qx 'lenet-1024:2' "$work/list" || fail "--list does not name lenet-1024:2"
[[ $("$source_dir/bench/run" --list mlp-7) == mlp-7:1 ]] || fail "one thread is not the default"
if "$source_dir/bench/run" --list mlp:2 2>"$work/err"; then fail "a workload without size passed"; fi
grep -qF "got 'mlp:2'" "$work/err" || fail "the refusal does not name the argument"
if "$source_dir/bench/run" --from "$work/figures.json" --markdown "$work/figures.json" \
  >/dev/null 2>"$work/err"; then fail "a document without marks passed"; fi
grep -qF "figures.json has no lines" "$work/err" || fail "the refusal does not name the document"

if command -v gnuplot >/dev/null; then
  "$source_dir/bench/plot" "$work/again.json" "$work/picture.svg"
  grep -q '</svg>' "$work/picture.svg" || fail "no picture"
  grep -q libtorch "$work/picture.svg" || fail "libtorch is not in the picture"
fi
