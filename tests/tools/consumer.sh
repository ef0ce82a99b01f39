#!/usr/bin/env bash
# tests/consumer builds and runs against an installed plumb as C++17 and C++20, against plumb as a
# subdirectory that two dependents bring (there as a shared library), and with pkg-config alone. A
# Python module holds a static plumb and trains. So does a program against the component distributed. The layer and the operation are as short as promised.
set -euo pipefail
source_dir=${PLUMB_SOURCE_DIR:-$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)}
build_dir=${PLUMB_BUILD_DIR:-$source_dir/build/release}
export CXX=${PLUMB_CXX:-g++}
consumer=$source_dir/tests/consumer
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
trap 'echo "FAILED: $step"' ERR
if command -v ninja >/dev/null; then export CMAKE_GENERATOR=Ninja; fi

# short FIRST FILE MOST: from the line that matches FIRST to its closing brace, without empty lines
# and comments.
short() {
  local lines
  lines=$(awk "/$1/,/^}/" "$2" | grep -cvE '^ *(//.*)?$')
  ((lines >= 3 && lines <= $3))
}
step="the layer has at most 12 lines"
short '^class Gain' "$consumer/gain.hpp" 12
step="the operation has at most 15 lines"
short '^inline .*robust[(]' "$consumer/robust.hpp" 15

# build_and_run DIR [cmake options]
build_and_run() {
  if ! { cmake -S "$consumer" -B "$1" "${@:2}" && cmake --build "$1" --parallel "$(nproc)"; } \
    >"$work/log" 2>&1; then
    cat "$work/log"
    return 1
  fi
  "$1/consumer"
}

step="install"
cmake --install "$build_dir" --prefix "$work/stage" >/dev/null
for standard in 17 20; do
  step="find_package, C++$standard"
  build_and_run "$work/found$standard" -DCMAKE_CXX_STANDARD="$standard" \
    -DCMAKE_PREFIX_PATH="$work/stage"
done

# plumb::distributed, where plumb was built with an MPI: the program of its page, in both ways.
if [[ -f $build_dir/plumb-distributed.pc && -f $build_dir/shown/parallel.cpp ]]; then
  step="the component distributed"
  mkdir "$work/ranks"
  cp "$build_dir/shown/parallel.cpp" "$work/ranks"
  cat >"$work/ranks/CMakeLists.txt" <<'CMAKE'
cmake_minimum_required(VERSION 3.20)
project(ranks LANGUAGES CXX)
find_package(plumb REQUIRED COMPONENTS distributed)
add_executable(parallel parallel.cpp)
target_link_libraries(parallel PRIVATE plumb::distributed)
CMAKE
  cmake -S "$work/ranks" -B "$work/ranks/build" -DCMAKE_PREFIX_PATH="$work/stage" >/dev/null
  cmake --build "$work/ranks/build" >/dev/null
  "$work/ranks/build/parallel"
  if command -v pkg-config >/dev/null; then
    step="plumb-distributed.pc"
    pc=$(find "$work/stage" -name plumb-distributed.pc)
    # shellcheck disable=SC2046 # several flags
    PKG_CONFIG_PATH=${pc%/*} "$CXX" -std=c++17 "$work/ranks/parallel.cpp" -o "$work/ranks/plain" \
      $(PKG_CONFIG_PATH=${pc%/*} pkg-config --cflags --libs plumb-distributed)
    "$work/ranks/plain"
  fi
fi
step="a component that there is not"
mkdir "$work/none"
printf 'cmake_minimum_required(VERSION 3.20)\nproject(none LANGUAGES CXX)\nfind_package(plumb REQUIRED COMPONENTS nothing)\n' \
  >"$work/none/CMakeLists.txt"
if cmake -S "$work/none" -B "$work/none/build" -DCMAKE_PREFIX_PATH="$work/stage" >"$work/log" 2>&1; then false; fi

# The library's objects are those of the build under test, which are position independent: compiling them once
# more would take minutes. What is tested is how CMake puts them together.
cat >"$work/reuse" <<'SCRIPT'
#!/usr/bin/env bash
for ((i = 1; i < $#; ++i)); do
  next=$((i + 1))
  if [[ ${!i} == -o && ${!next} == */CMakeFiles/plumb*.dir/* ]]; then
    compiled=$BUILT/CMakeFiles/plumb${!next#*/CMakeFiles/plumb}
    if [[ -f $compiled ]]; then exec cp -- "$compiled" "${!next}"; fi
  fi
done
exec "$@"
SCRIPT
chmod +x "$work/reuse"
unity=OFF
if grep -q '^CMAKE_UNITY_BUILD:.*=ON' "$build_dir/CMakeCache.txt"; then unity=ON; fi
step="add_subdirectory"
BUILT=$build_dir build_and_run "$work/inside" -DCMAKE_CXX_COMPILER_LAUNCHER="$work/reuse" -DCMAKE_UNITY_BUILD=$unity \
  -DCMAKE_CXX_STANDARD=20 -DCMAKE_EXPORT_COMPILE_COMMANDS=ON -DBUILD_SHARED_LIBS=ON -DPLUMB_SUBDIRECTORY="$source_dir"
step="plumb is a shared library there, compiled as C++17"
find "$work/inside/first/plumb" -name 'libplumb.so.*' | grep -q .
grep -B1 '"file": .*/core/simd/isa.cpp"' "$work/inside/compile_commands.json" | grep -q 'std=c++17'
step="two dependents bring plumb once"
[[ -e $work/inside/first/plumb/include && ! -e $work/inside/second/plumb/include ]]
step="a subdirectory brings no tests, examples or install rules"
[[ ! -e $work/inside/first/plumb/plumb.pc ]]
targets=$(cmake --build "$work/inside" --target help)
[[ $targets != *plumb_tests* && $targets != *train_digits* ]]

# What would come second is not built, so its first file is enough.
step="two dependents that bring plumbs that do not agree"
mkdir "$work/other"
sed 's/^  VERSION 0\.[0-9]*\.[0-9]*$/  VERSION 0.99.0/' "$source_dir/CMakeLists.txt" >"$work/other/CMakeLists.txt"
if cmake -S "$consumer" -B "$work/unlike" -DCMAKE_BUILD_TYPE=Debug -DPLUMB_SUBDIRECTORY="$source_dir" \
  -DPLUMB_SECOND="$work/other" >"$work/log" 2>&1; then
  false
fi
tr -s ' \n' ' ' <"$work/log" | grep -qF "plumb 0.99.0 of $work/other meets plumb 0."

# The headers are not system headers here, so that they show their warnings.
if command -v pkg-config >/dev/null; then
  step="pkg-config"
  pc=$(find "$work/stage" -name plumb.pc)
  export PKG_CONFIG_PATH=${pc%/*}
  # shellcheck disable=SC2046 # several flags
  "$CXX" -std=c++17 -Wall -Wextra -Wpedantic -Werror $(pkg-config --cflags plumb) \
    "$consumer/main.cpp" -o "$work/plain" $(pkg-config --libs plumb)
  "$work/plain"

  # Debian's Python, for others may lack the header. It has nothing to do with sanitizers.
  step="a Python module that holds a static plumb"
  python=/usr/bin/python3
  include=$("$python" -c 'import sysconfig; print(sysconfig.get_paths()["include"])') || include=
  if [[ -f $include/Python.h && -f $build_dir/libplumb.a ]] &&
    ! grep -q '^CMAKE_CXX_FLAGS:.*-fsanitize' "$build_dir/CMakeCache.txt"; then
    # shellcheck disable=SC2046 # several flags
    "$CXX" -std=c++17 -shared -fPIC -I"$include" $(pkg-config --cflags plumb) "$consumer/extension.cpp" \
      -o "$work/plumb_fit.so" $(pkg-config --libs plumb)
    PYTHONPATH=$work "$python" -c '
import plumb_fit
first, last = plumb_fit.fit(300)
print("module: loss %.4f, then %.4f" % (first, last))
assert first > 0.05 and last < 0.002, (first, last)'
  fi
fi
