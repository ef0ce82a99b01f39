#!/usr/bin/env bash
# tools/get_mnist against a local server: whole, cut off and resumed, corrupted, down.
set -euo pipefail
source_dir=${PLUMB_SOURCE_DIR:-$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)}
for tool in curl python3; do
  command -v "$tool" >/dev/null || { echo "skipped: $tool is missing"; exit 77; }
done
work=$(mktemp -d)
server=
trap 'stop; rm -rf -- "$work"' EXIT
stop() { if [[ -n $server ]]; then kill "$server" 2>/dev/null; wait "$server" 2>/dev/null || true; fi; }
cd -- "$work"
export PLUMB_MNIST_URL
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY

# Four files of random bytes, so that their compressed form keeps its size.
names=(train-images-idx3-ubyte train-labels-idx1-ubyte t10k-images-idx3-ubyte t10k-labels-idx1-ubyte)
mkdir served
for name in "${names[@]}"; do
  head -c 50000 /dev/urandom >"$name"
  gzip -c "$name" >"served/$name.gz"
done
sha256sum "${names[@]}" >sums
export PLUMB_MNIST_SHA256=$work/sums
file=${names[0]}.gz

# serve [options of range_server.py]: a new server with an empty log.
serve() {
  stop
  : >log
  : >port
  python3 "$source_dir/tests/tools/range_server.py" "$work/served" "$work/log" "$@" >port &
  server=$!
  for _ in {1..100}; do [[ -s port ]] && break; sleep 0.05; done
  PLUMB_MNIST_URL=http://127.0.0.1:$(<port)/mnist
}
get() { "$source_dir/tools/get_mnist" "$@" >out 2>&1; }
fail() {
  echo "FAILED: $1"
  cat out log
  exit 1
}
# complete FOLDER: it holds the four files and nothing else.
complete() {
  for name in "${names[@]}"; do cmp -s "served/$name.gz" "$1/$name.gz" || return 1; done
  [[ $(find "$1" -type f | wc -l) == 4 ]]
}
# refused FOLDER: it holds the three good files and nothing of the bad one.
refused() { [[ $(find "$1" -type f | wc -l) == 3 && ! -e $1/$file ]]; }

serve
get new/folder || fail "a plain download"
complete new/folder || fail "a plain download is not complete"

: >log
get new/folder || fail "a second run"
[[ ! -s log ]] || fail "a second run fetched files that were there"

echo garbage >new/folder/"$file"
get new/folder || fail "a corrupt file that was there"
complete new/folder || fail "a corrupt file was not fetched again"
[[ $(wc -l <log) == 1 ]] || fail "more than the corrupt file was fetched again"

serve cut=20000
get cut || fail "connections that are cut off"
complete cut || fail "connections that are cut off: not complete"
grep -qx "$file 20000" log || fail "a connection that was cut off was not resumed where it stopped"

serve
mkdir stopped
head -c 30000 "served/$file" >"stopped/$file.part"
get stopped || fail "a download left by an earlier run"
complete stopped || fail "a download left by an earlier run: not complete"
grep -qx "$file 30000" log || fail "a download left by an earlier run was not resumed"

serve noranges
mkdir whole
head -c 30000 "served/$file" >"whole/$file.part"
get whole || fail "a server without ranges"
complete whole || fail "a server without ranges: not complete"

serve
mkdir beyond
head -c 90000 /dev/zero >"beyond/$file.part"
get beyond || fail "a partial file longer than the whole"
complete beyond || fail "a partial file longer than the whole: not complete"

mkdir stale
head -c 30000 /dev/zero >"stale/$file.part"
get stale || fail "a partial file of other content"
complete stale || fail "a partial file of other content: not complete"

serve status=503
mkdir busy
head -c 30000 "served/$file" >"busy/$file.part"
get busy && fail "a server that answers 503 was taken for success"
[[ $(stat -c %s "busy/$file.part") == 30000 ]] || fail "a busy server cost the partial download"

# The first mirror is wrong, the second right.
serve
PLUMB_MNIST_URL="http://127.0.0.1:1/ $PLUMB_MNIST_URL" get mirror || fail "the second mirror"
complete mirror || fail "the second mirror: not complete"

cp "served/$file" keep
{ head -c 100 keep; printf 'X'; tail -c +102 keep; } >"served/$file"  # fails gzip's own check
get corrupt && fail "a corrupted file was accepted"
refused corrupt || fail "a corrupted file was kept"
grep -q "$file: wrong content" out || fail "a corrupted file: no message"
head -c 50000 /dev/urandom | gzip -c >"served/$file"  # valid, but not these bytes
get other && fail "another file was accepted"
refused other || fail "another file was kept"
{ cat keep; printf 'tail'; } >"served/$file"  # the right bytes, then garbage
get tail && fail "a file with garbage after its end was accepted"
refused tail || fail "a file with garbage after its end was kept"
cp keep "served/$file"

stop
server=
get down && fail "a server that is down was taken for success"
grep -q "could not fetch" out || fail "a server that is down: no message"
[[ -z $(ls down) ]] || fail "a server that is down left files"

get && fail "no folder was accepted"
grep -q usage out || fail "no folder: no usage"
echo "get_mnist: all cases passed"
