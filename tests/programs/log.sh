#!/usr/bin/env bash
# --log: the events read by Google's protocol buffers, the checksums taken bit by bit, and the table beside
# them say the same.
# shellcheck source=tests/support/script.sh
source "$PLUMB_SOURCE_DIR/tests/support/script.sh"
/usr/bin/python3 -c 'import google.protobuf' 2>/dev/null || skip "python3-protobuf is not installed"

program=$PLUMB_BIN_DIR/train_digits
"$program" --samples 500 --test-samples 500 --epochs 2 --log "$work/log" >"$work/out"
"$program" --samples 500 --test-samples 500 --epochs 1 --log "$work/log" >/dev/null
refused 1 "[Log] $work/out" --samples 500 --test-samples 500 --log "$work/out"

/usr/bin/python3 - "$work/log" <<'PYTHON'
import csv, glob, math, struct, sys
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

field = descriptor_pb2.FieldDescriptorProto
one, many = field.LABEL_OPTIONAL, field.LABEL_REPEATED
file = descriptor_pb2.FileDescriptorProto(name="event.proto", package="t", syntax="proto3")
for message, fields in {
        "Value": [("tag", 1, field.TYPE_STRING, one), ("simple_value", 2, field.TYPE_FLOAT, one)],
        "Summary": [("value", 1, field.TYPE_MESSAGE, many)],
        "Event": [("wall_time", 1, field.TYPE_DOUBLE, one), ("step", 2, field.TYPE_INT64, one),
                  ("file_version", 3, field.TYPE_STRING, one),
                  ("summary", 5, field.TYPE_MESSAGE, one)]}.items():
    entry = file.message_type.add(name=message)
    for name, number, kind, label in fields:
        added = entry.field.add(name=name, number=number, type=kind, label=label)
        if kind == field.TYPE_MESSAGE:
            added.type_name = ".t.Value" if message == "Summary" else ".t.Summary"
pool = descriptor_pool.DescriptorPool()
pool.Add(file)
Event = message_factory.MessageFactory(pool).GetPrototype(pool.FindMessageTypeByName("t.Event"))

def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF

assert crc32c(b"123456789") == 0xE3069283  # as every list of checksums has it

def masked(data):
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF

seen = []
paths = sorted(glob.glob(sys.argv[1] + "/events.out.tfevents.*"))
assert len(paths) == 2, paths
for path in sorted(paths, key=lambda p: -len(open(p, "rb").read())):
    data, at, first = open(path, "rb").read(), 0, True
    while at < len(data):
        length, = struct.unpack_from("<Q", data, at)
        assert struct.unpack_from("<I", data, at + 8)[0] == masked(data[at:at + 8])
        body = data[at + 12:at + 12 + length]
        assert struct.unpack_from("<I", data, at + 12 + length)[0] == masked(body)
        at += 16 + length
        event = Event.FromString(body)
        assert event.SerializeToString() == body  # nothing is unknown
        assert event.wall_time > 1.6e9
        assert (event.file_version == "brain.Event:2") == first
        for value in event.summary.value:
            seen.append((event.step, value.tag, value.simple_value))
        first = False
    assert at == len(data)

rows = [(int(r["step"]), r["name"], float(r["value"]))
        for r in csv.DictReader(open(sys.argv[1] + "/scalars.csv"))]
assert len(rows) == 2 * 9 + 9, len(rows)  # 8 steps and a test in each epoch
assert [r[:2] for r in rows] == [s[:2] for s in seen]
for row, event in zip(rows, seen):
    assert math.isclose(row[2], event[2], rel_tol=1e-6), (row, event)
assert {r[1] for r in rows} == {"loss/train", "score/test"}
print("log:", len(rows), "numbers agree")
PYTHON
