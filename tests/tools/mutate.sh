#!/usr/bin/env bash
# tools/mutate: tests/mutants.txt fits the code, and in a tree of a few lines every way in which a mutant may
# end. The mutants themselves take too long.
source_dir=${PLUMB_SOURCE_DIR:-$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)}
# shellcheck source=tests/support/script.sh
source "$source_dir/tests/support/script.sh"
command -v ninja >/dev/null || skip "ninja is missing"
mutate=$source_dir/tools/mutate

"$mutate" --list >"$work/list" || fail "tests/mutants.txt does not fit the code"
(($(wc -l <"$work/list") >= 60)) || fail "there are less than 60 mutants"
for room in core/{tensor,runtime,simd,io,kernels,kernels/{convolution,matmul,normalization,pooling}} \
  autograd{,/ops} nn optim data; do
  grep -qE "^ *[0-9]+ $room/" "$work/list" || fail "no mutant in $room"
done

# A library of three functions.
root=$work/tree
mkdir -p "$root"/{core/io,nn,tests/core/io,tests/nn}
cat >"$root/CMakeLists.txt" <<'CMAKE'
cmake_minimum_required(VERSION 3.20)
project(small LANGUAGES CXX)
add_library(plumb core/io/a.cpp nn/b.cpp)
add_executable(plumb_tests tests/main.cpp)
target_link_libraries(plumb_tests plumb)
CMAKE
cat >"$root/core/io/a.cpp" <<'CPP'
int one() { return 1; }
int two() { return 2; }
CPP
echo 'int three() { return 3; }' >"$root/nn/b.cpp"
# It takes the arguments and prints what matters of a program of doctest.
cat >"$root/tests/main.cpp" <<'CPP'
#include <cstdio>
#include <cstdlib>
#include <string>
int one();
int two();
int three();
int failed(const char* test) {
  const char* other = "TEST CASE:  another\nMESSAGE: skipped\n";
  std::printf("%sTEST CASE:  %s\nERROR: CHECK( ... ) is NOT correct!\n%s", other, test, other);
  return 1;
}
int main(int, char** arguments) {
  const std::string files = arguments[3];
  while (two() == 0) {
  }
  if (two() < 0) std::abort();
  if (files.find("*/tests/core/io/*") != std::string::npos && one() != 1) return failed("one: is 1");
  if (files.find("*/tests/nn/*") != std::string::npos && three() != 3) return failed("three: is 3");
  std::printf("[doctest] test cases: 1\n");
  return 0;
}
CPP
list() { cat >"$root/tests/mutants.txt"; }
# run CODE ARGUMENTS...: it ends with CODE.
run() {
  local code=0 expected=$1
  "$mutate" --root "$root" --seconds 2 "${@:2}" >"$work/out" 2>&1 || code=$?
  [[ $code == "$expected" ]] || fail "${*:2}: exit code $code instead of $expected: $(cat "$work/out")"
}
says() { grep -qxF -- "$1" "$work/out" || fail "it does not say '$1': $(cat "$work/out")"; }

list <<'LIST'
# A comment.
core/io/a.cpp
  one is 0
  - return 1;
  + return 0;
  two is 3
  - return 2;
  + return 3;

  two is no number
  - return 2;
  + return "two";
  two never ends
  - return 2;
  + return 0;
  two crashes
  - return 2;
  + return -2;
nn/b.cpp
  three is 4
  - return 3;
  + return 4;
LIST
run 1 -j 2
says "  1 core/io/a.cpp: one is 0: killed by 'one: is 1'"
says "  2 core/io/a.cpp: two is 3: survived"
says "  3 core/io/a.cpp: two is no number: does not compile"
says "  4 core/io/a.cpp: two never ends: timed out"
says "  5 core/io/a.cpp: two crashes: killed, exit code -6"
says "  6 nn/b.cpp: three is 4: killed by 'three: is 3'"
says "4 of 6 killed, 66.7 %; of these 1 timed out"
says "survived: 2"
says "does not compile: 3"
cmp "$root/core/io/a.cpp" "$root/build/mutate/tree/core/io/a.cpp" || fail "the copy keeps a mutant"

# Some of them; a tree that has changed since.
echo 'int three() { return 5 - 2; }' >"$root/nn/b.cpp"
list <<'LIST'
core/io/a.cpp
  two is 3
  - return 2;
  + return 3;
  one is 0
  - return 1;
  + return 0;
nn/b.cpp
  three is 2
  - 5 - 2
  + 5 - 3
  three is 4
  - 5 - 2
  + 5 - 1
  tests: core/io
LIST
run 0 2-3 nn
says "3 of 3 killed, 100.0 %; of these 0 timed out"
run 0 core/io/a.cpp --list
says "  1 core/io/a.cpp: two is 3"
run 1 optim
says "mutate: no mutant is meant by 'optim'"

# Without a mutant the tests have to pass.
echo 'int three() { return 4; }' >"$root/nn/b.cpp"
printf 'nn/b.cpp\n  three is 5\n  - 4\n  + 5\n' | list
run 1
says "mutate: without a mutant the tests of nn fail: killed by 'three: is 3'"

# A list that does not fit the code.
list <<'LIST'
  no file
core/io/a.cpp
  not there
  - return 7;
  + return 8;
  there twice
  - return
  + throw
  the same
  - 1
  + 1
  half
  - 2
  no such tests
  - 2
  + 3
  tests: nowhere
core/io/c.cpp
  tests: nn
  no such file
  - 1
  + 2
LIST
run 2
says "mutants.txt:1: no file stands above"
says "mutants.txt:19: no bug stands above whose tests these are"
says "  1 core/io/a.cpp: not there: 'return 7;' is there 0 times, expected once"
says "  2 core/io/a.cpp: there twice: 'return' is there 2 times, expected once"
says "  3 core/io/a.cpp: the same: nothing is changed"
says "  4 core/io/a.cpp: half: a line with - and one with + are needed"
says "  5 core/io/a.cpp: no such tests: there are no tests/nowhere"
says "  6 core/io/c.cpp: no such file: there is no such file"
echo "$(wc -l <"$work/list") mutants fit the code"
