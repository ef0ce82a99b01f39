#!/usr/bin/env bash
# What bench/alternatives/run makes of figures: medians, ratios, who is fastest where, the document.
set -euo pipefail
source_dir=${PLUMB_SOURCE_DIR:-$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)}
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT

fail() {
  echo "FAILED: $1" >&2
  exit 1
}

# Figures that nobody measured, three rounds each.
cat >"$work/figures.json" <<'JSON'
{"processor": "Some(R) Processor, family 1", "processors": 2, "date": "2000-01-02", "rounds": 3,
 "notes": {"OpenBLAS for v4": "SkylakeX"},
 "times": [
  {"table": "product", "isa": "v4", "row": "a", "way": "register", "work": 1e6, "nanoseconds": [9e9, 1e4, 1]},
  {"table": "product", "isa": "v4", "row": "a", "way": "OpenBLAS", "work": 1e6, "nanoseconds": [2e4, 2e4, 2e4]},
  {"table": "product", "isa": "v4", "row": "a", "way": "chosen", "work": 1e6, "nanoseconds": [1.25e4, 1.25e4, 1.25e4]},
  {"table": "convolution", "isa": "v4", "row": "b, dX", "way": "im2col", "work": 1e6, "nanoseconds": [4e4, 4e4, 4e4]},
  {"table": "convolution", "isa": "v4", "row": "b, dX", "way": "shifted", "work": 1e6, "nanoseconds": [1e4, 1e4, 1e4]},
  {"table": "convolution", "isa": "v4", "row": "b, dX", "way": "chosen", "work": 1e6, "nanoseconds": [1e4, 1e4, 1e4]},
  {"table": "simd", "isa": "v4", "row": "exp float", "way": "plumb", "work": 1000, "nanoseconds": [500, 500, 500]},
  {"table": "simd", "isa": "v4", "row": "exp float", "way": "xsimd", "work": 1000, "nanoseconds": [750, 750, 750]}],
 "loops": [
  {"pool": "plumb", "length": 20, "threads": 2, "busy": 1, "median": [10, 11, 90], "p99": [30, 31, 32]},
  {"pool": "tbb", "length": 20, "threads": 2, "busy": 1, "median": [20, 20, 20], "p99": [400, 400, 400]}],
 "errors": [
  {"isa": "v3", "function": "exp float", "way": "plumb", "worst": 0.5, "mean": 0.25, "wrong": 0},
  {"isa": "v4", "function": "exp float", "way": "plumb", "worst": 1.5, "mean": 0.25, "wrong": 0},
  {"isa": "v4", "function": "exp float", "way": "xsimd", "worst": 2, "mean": 0.5, "wrong": 7}]}
JSON

run() { "$source_dir/bench/alternatives/run" --from "$work/figures.json" "$@"; }
sed -n '/^<!--/p; 1p; $p' "$source_dir/docs/kernels.md" >"$work/document.md"
run --markdown "$work/document.md" >"$work/out"

# shows LINE: in the output and in the document.
shows() {
  grep -qxF -- "$1" "$work/out" || fail "'$1' is not shown: $(cat "$work/out")"
  grep -qxF -- "$1" "$work/document.md" || fail "'$1' is not in the document: $(cat "$work/document.md")"
}
shows '| a | 100 | 50 | 80 | 1.60 |'
shows '| b, dX | 25 | 100 | 100 | 4.00 |'
shows '| register | 1 of 1, 2.00, most 2.00 |'
shows '| OpenBLAS | 0 of 1 |'
shows '| shifted, dX | 1 of 1, 4.00, most 4.00 |'
shows '- Some, AVX-512: of 1 products the choice loses more than 5 % in 1, most in: a (register is 1.25 times as fast).'
shows '- Some, AVX-512: of 1 convolutions the choice loses more than 5 % in 0.'
shows '| exp float | 1.5 (0.25), 0 | 2 (0.50), 7 |  |'
shows '| exp float | 0.50 | 0.75 |  |'
shows '| 20 us, beside a busy process | 10.0 | 11.0 (31.0) |  | 20.0 (400) |'

if run --markdown "$work/figures.json" >/dev/null 2>"$work/err"; then fail "a document without marks passed"; fi
grep -qF "figures.json has no lines" "$work/err" || fail "the refusal does not name the document"
