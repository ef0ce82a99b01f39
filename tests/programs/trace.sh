#!/usr/bin/env bash
# --trace: a JSON parser reads the file, and in each thread operations lie within one another or apart.
# shellcheck source=tests/support/script.sh
source "$PLUMB_SOURCE_DIR/tests/support/script.sh"

program=$PLUMB_BIN_DIR/train_digits
refused 1 "[Trace] $work: " --samples 500 --test-samples 500 --trace "$work"
"$program" --samples 500 --test-samples 500 --epochs 2 --trace "$work/trace.json" >"$work/out"
results "$work/out" >"$work/traced"
"$program" --samples 500 --test-samples 500 --epochs 2 | tee "$work/out" >/dev/null
results "$work/out" | diff - "$work/traced" || fail "a trace changes results"

python3 - "$work/trace.json" <<'PYTHON'
import collections, json, sys

trace = json.load(open(sys.argv[1]))
names = {e["tid"] for e in trace["traceEvents"] if e["ph"] == "M" and e["name"] == "thread_name"}
events = [e for e in trace["traceEvents"] if e["ph"] == "X"]
assert len(events) + len(names) + 1 == len(trace["traceEvents"])
assert {e["tid"] for e in events} == names
for thread in names:
    open_until = []
    for e in (e for e in events if e["tid"] == thread):
        start, end = round(e["ts"] * 1000), round((e["ts"] + e["dur"]) * 1000)
        while open_until and open_until[-1] <= start:
            open_until.pop()
        assert not open_until or end <= open_until[-1], e
        open_until.append(end)
calls = collections.Counter((e["name"], e["cat"]) for e in events)
assert calls["SGD step", "step"] == 16, calls  # 8 in each epoch
assert calls["cross_entropy", "forward"] >= 16
assert calls["cross_entropy backward", "backward"] == 16
print("trace:", len(events), "operations nest")
PYTHON
