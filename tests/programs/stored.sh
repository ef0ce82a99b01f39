#!/usr/bin/env bash
# A shuffled epoch over a file four times as large as the address space that the process may have, and
# over one that is cut off meanwhile.
# shellcheck source=tests/support/script.sh
source "$PLUMB_SOURCE_DIR/tests/support/script.sh"
program=$PLUMB_BUILD_DIR/tests/shuffled_epoch
skip_under_sanitizers "reserve addresses by the terabyte"

# make FILE ROWS: rows of a million bytes that begin with their number; the rest of each is a hole.
make() {
  python3 - "$1" "$2" <<'PYTHON'
import struct, sys
path, rows = sys.argv[1], int(sys.argv[2])
header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, 250000), }}".ljust(117) + "\n"
with open(path, "wb") as file:
    file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode())
    begin = file.tell()
    for row in range(rows):
        file.seek(begin + row * 1000000)
        file.write(struct.pack("<f", row))
    file.truncate(begin + rows * 1000000)
PYTHON
}

make "$work/large.npy" 2400
for threads in 0 2; do
  prlimit --as=600000000 "$program" "$work/large.npy" 16 $threads >"$work/out" ||
    fail "$threads threads: exited $?: $(cat "$work/out")"
  grep -q '^2400 rows, ' "$work/out" || fail "$threads threads: $(cat "$work/out")"
done
# What does not fit into the address space is refused, and nothing is killed.
code=0
prlimit --as=600000000 "$program" "$work/large.npy" 1000 0 >"$work/out" || code=$?
[[ $code == 1 && $(cat "$work/out") == *"cannot allocate 1000000000 bytes"* ]] ||
  fail "a batch beyond the address space exited $code: $(cat "$work/out")"

"$program" "$work/large.npy" 4 2 >"$work/out" &
running=$!
truncate -s 1000000000 "$work/large.npy"
code=0
wait $running || code=$?
# It may have been cut off before it was opened.
[[ $code == 1 && $(cat "$work/out") =~ "file was shortened while it was read"|"the file holds" ]] ||
  fail "a file that is cut off exited $code: $(cat "$work/out")"
