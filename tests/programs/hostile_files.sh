#!/usr/bin/env bash
# Files that declare far more than they hold, or spend their whole size on names: refused, in memory
# bounded by their size and 64 MB.
set -euo pipefail
load_file=$PLUMB_BUILD_DIR/tests/load_file
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  echo "FAILED: $1" >&2
  exit 1
}

python3 - "$work" <<'PYTHON'
import json, struct, sys
work = sys.argv[1]

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
write("many_tensors", {str(i): tensor([0], 0, 0) for i in range(200000)})
write("as_many_as_may_be", {str(i): tensor([0], 0, 0) for i in range(65536)})
write("much_metadata", {"__metadata__": {str(i): "" for i in range(1000000)}})
write("long_names", {"n" * 90000 + str(i): tensor([0], 0, 0) for i in range(1000)})
write("long_name", {"n" * 50000000: tensor([0], 0, 0)})
write("long_value", {"__metadata__": {"k": "\\u0001" * 5000000}})
write("deep", b'{"a":' * 8000000)
write("lists", b'{"a":{"shape":' + b"[" * 50000000)
write("spaces", b"{" + b" " * 50000000 + b"}")
write("numbers", b'{"a":{"shape":[' + b"1," * 20000000)
write("digits", b'{"a":{"shape":[' + b"1" * 50000000)
PYTHON

for file in "$work"/*.safetensors; do
  name=$(basename "$file" .safetensors)
  code=0
  message=$("$load_file" "$file") || code=$?
  case $name in
    as_many_as_may_be) expected=0 ;;
    *) expected=1 ;;
  esac
  [[ $code == "$expected" ]] || fail "$name exited $code: $message"
  if ((code)) && [[ $message != "[load_safetensors] $file: "* ]]; then fail "$name: $message"; fi
  ((${#message} < 1000)) || fail "$name: a message of ${#message} bytes"
done

# A sparse file of a terabyte with nothing in it.
truncate -s 1T "$work/empty.safetensors"
code=0
message=$("$load_file" "$work/empty.safetensors") || code=$?
[[ $code == 1 ]] || fail "a terabyte of zeros exited $code: $message"
