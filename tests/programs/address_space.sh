#!/usr/bin/env bash
# train_digits with less and less memory: it trains to the usual bits, or says how many bytes it could
# not have, or that a thread did not start. It neither hangs nor is killed.
# shellcheck source=tests/support/script.sh
source "$PLUMB_SOURCE_DIR/tests/support/script.sh"
program=$PLUMB_BIN_DIR/train_digits
skip_under_sanitizers "reserve addresses by the terabyte"
if ldd "$program" | grep -q openblas-openmp; then skip "OpenBLAS takes a buffer before main"; fi

# What cannot be loaded for want of memory is named: two files that are mostly holes.
mkdir "$work/mnist"
images=$work/mnist/train-images-idx3-ubyte
printf '\0\0\10\3\0\55\306\300\0\0\0\34\0\0\0\34' >"$images"
truncate -s $((16 + 3000000 * 784)) "$images"
: >"$work/mnist/train-labels-idx1-ubyte"
code=0
prlimit --as=1000000000 "$program" --data "$work/mnist" >"$work/out" 2>"$work/err" || code=$?
[[ $code == 1 && $(cat "$work/err") == *"[load_idx] $images: [allocate] cannot allocate 2352000000 bytes" ]] ||
  fail "images without memory exited $code: $(cat "$work/err")"
header='{"a":{"dtype":"U8","shape":[3000000000],"data_offsets":[0,3000000000]}}'
printf '%b%s' "\\x$(printf %x ${#header})\0\0\0\0\0\0\0" "$header" >"$work/a.safetensors"
truncate -s $((8 + ${#header} + 3000000000)) "$work/a.safetensors"
message=$(prlimit --as=1000000000 "$PLUMB_BUILD_DIR/tests/load_file" "$work/a.safetensors") || true
[[ $message == "[load_safetensors] $work/a.safetensors: [allocate] cannot allocate 3000000000 bytes"* ]] ||
  fail "a tensor without memory: $message"

# The address space in MB that the program needs to be loaded, with its libraries, an MPI's among them.
loaded=20
until prlimit --as=$((loaded * 1000000)) "$program" --help >/dev/null 2>&1; do
  ((++loaded < 1000)) || fail "--help runs in no address space"
done

# sweep FIRST STEP LAST ARGUMENTS...: limits of the address space beyond that, in MB.
sweep() {
  local trained=0 refused=0 limit code
  local limits=("$1" "$2" "$3")
  shift 3
  "$program" "$@" | results /dev/stdin >"$work/usual"
  for limit in $(seq "${limits[@]}"); do
    limit=$((loaded + limit))
    code=0
    # SIGKILL: what OpenBLAS does without memory ends by nothing else.
    timeout -s KILL 60 prlimit --as=$((limit * 1000000)) "$program" "$@" >"$work/out" 2>"$work/err" ||
      code=$?
    case $code in
      0)
        diff <(results "$work/out") "$work/usual" >&2 || fail "$limit MB changed the result: $*"
        trained=$((trained + 1))
        ;;
      1)
        grep -qE 'cannot allocate [0-9]+ bytes$|cannot start 1 loader threads: Resource temporarily' "$work/err" ||
          fail "$limit MB gave another error: $* $(cat "$work/err")"
        refused=$((refused + 1))
        ;;
      *) fail "$limit MB exited $code: $* $(cat "$work/err")" ;;
    esac
  done
  ((trained > 0 && refused > 0)) || fail "$trained limits were enough, $refused were not: $*"
}

sweep 1 5 100 --samples 256 --test-samples 2000 --epochs 1 --threads 1
sweep 1 60 720 --samples 256 --test-samples 2000 --epochs 1 --threads 2 --loader-threads 1
sweep 40 100 440 --samples 64 --test-samples 2000 --epochs 1 --model cnn
# Every product is OpenBLAS's, on more threads than there are buffers.
PLUMB_ISA=base sweep 140 100 840 --samples 256 --test-samples 2000 --epochs 1 --threads 4
