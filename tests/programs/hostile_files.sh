#!/usr/bin/env bash
# Files that declare far more than they hold, or spend their whole size on names: refused, in memory
# bounded by their size and 64 MB.
# shellcheck source=tests/support/script.sh
source "$PLUMB_SOURCE_DIR/tests/support/script.sh"
load_file=$PLUMB_BUILD_DIR/tests/load_file

python3 - "$work" <<'PYTHON'
import io, json, os, struct, sys, zipfile
work = sys.argv[1]
# Memory is not looked at under the sanitizers, whose sweep is short: a tenth of the longest is enough.
million = 10**5 if os.environ.get("PLUMB_SWEEP") == "short" else 10**6

def write(name, header, data=b""):
    with open(f"{work}/{name}.safetensors", "wb") as file:
        header = header if isinstance(header, bytes) else json.dumps(header).encode()
        file.write(struct.pack("<Q", len(header)) + header + data)

def tensor(shape, begin, end, dtype="U8"):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}

write("huge_tensor", {"a": tensor([2**40], 0, 2**40)})
write("huge_shape", {"a": tensor([2**62, 4], 0, 0)})
write("huge_half", {"a": tensor([2**40], 0, 2**41, "F16")})
# The same bytes for all.
write("shared_bytes", {str(i): tensor([10**6], 0, 10**6) for i in range(1000)}, bytes(10**6))
write("many_tensors", {str(i): tensor([0], 0, 0) for i in range(65537)})
write("as_many_as_may_be", {str(i): tensor([0], 0, 0) for i in range(65536)})
write("much_metadata", {"__metadata__": {str(i): "" for i in range(1000000)}})
write("long_names", {"n" * 90000 + str(i): tensor([0], 0, 0) for i in range(1000)})
write("long_name", {"n" * (50 * million): tensor([0], 0, 0)})
write("long_value", {"__metadata__": {"k": "\\u0001" * (5 * million)}})
write("deep", b'{"a":' * (8 * million))
write("lists", b'{"a":{"shape":' + b"[" * (50 * million))
write("spaces", b"{" + b" " * (50 * million) + b"}")
write("numbers", b'{"a":{"shape":[' + b"1," * (20 * million))
write("digits", b'{"a":{"shape":[' + b"1" * (50 * million))

def npy(shape):
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({shape},), }}".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header

def save(name, data):
    with open(f"{work}/{name}", "wb") as file:
        file.write(data)

def archive(data):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("a.npy", data)
    return bytearray(file.getvalue())

save("huge.npy", npy(2**40))
save("long_header.npy", b"\x93NUMPY\x02\x00" + struct.pack("<I", 50 * million) + b"{" * (50 * million))
# An archive whose directory declares 4 GB, and one whose directory names the same bytes 1000 times.
bomb = archive(npy(10**6) + bytes(10**6))
entry = bomb.index(b"PK\x01\x02")
end = bomb.index(b"PK\x05\x06")
liar = bytearray(bomb)
liar[entry + 24:entry + 28] = struct.pack("<I", 2**32 - 2)
save("liar.npz", liar)
directory = b"".join(bytes(bomb[entry:end]).replace(b"a.npy", b"%05d" % i) for i in range(1000))
save("overlap.npz", bytes(bomb[:entry]) + directory + struct.pack(
    "<4s4H2LH", b"PK\x05\x06", 0, 0, 1000, 1000, len(directory), entry, 0))
PYTHON

for file in "$work"/*; do
  name=$(basename "$file" .safetensors)
  code=0
  message=$("$load_file" "$file") || code=$?
  case $name in
    as_many_as_may_be) expected=0 ;;
    *) expected=1 ;;
  esac
  [[ $code == "$expected" ]] || fail "$name exited $code: $message"
  if ((code)) && [[ $message != "[load_"*"] $file: "* ]]; then fail "$name: $message"; fi
  ((${#message} < 1000)) || fail "$name: a message of ${#message} bytes"
done

# A sparse file of a terabyte with nothing in it.
truncate -s 1T "$work/empty.safetensors"
code=0
message=$("$load_file" "$work/empty.safetensors") || code=$?
[[ $code == 1 ]] || fail "a terabyte of zeros exited $code: $message"
