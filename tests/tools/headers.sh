#!/usr/bin/env bash
# Every installed header compiles without a warning, alone as C++23 with g++, and all of them together
# as C++17, C++20 and C++23 with g++ and clang++. <plumb/plumb.hpp> brings in no header of
# xtensor, BLAS, OpenMP, zlib, libzip, JSON or xxHash.
set -euo pipefail
source_dir=${PLUMB_SOURCE_DIR:-$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)}
build_dir=${PLUMB_BUILD_DIR:-$source_dir/build/release}
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT

cmake --install "$build_dir" --prefix "$work" >/dev/null
cd -- "$work/include"
mapfile -t headers < <(find plumb -name '*.hpp' | sort)
((${#headers[@]} > 0)) || { echo "FAILED: no header is installed"; exit 1; }

# One line a case: compiler, standard, header. The newest standard finds what a header forgets to
# include: the newer, the less the library's own headers bring along by chance.
cases() {
  local standard header compiler
  for standard in c++17 c++20 c++2b; do
    for header in "${headers[@]}"; do
      # The interop header is C++17 only, as xtensor 0.24 is.
      if [[ $header == plumb/core/tensor/xtensor*.hpp ]]; then
        if [[ $standard != c++17 ]]; then continue; fi
        echo "g++ $standard $header"
      elif [[ $standard == c++2b ]]; then
        echo "g++ $standard $header"
      fi
      echo "#include <$header>" >>"$work/$standard.hpp"
    done
    for compiler in g++ clang++; do
      if command -v "$compiler" >/dev/null; then echo "$compiler $standard $work/$standard.hpp"; fi
    done
  done
}
compile() {
  printf '#include <%s>\n' "$3" |
    "$1" "-std=$2" -fsyntax-only -Wall -Wextra -Wpedantic -Werror -I. -x c++ - ||
    { echo "FAILED: $3 with $1 -std=$2"; return 1; }
}
export -f compile
# shellcheck disable=SC2016 # $0 and $@ are the inner shell's
cases | xargs -P "$(nproc)" -n 3 bash -c 'compile "$@"' compile

# Each room's header declares what it throws, and without RTTI a program is told so and not built.
for room in core autograd nn optim data plumb; do
  printf '#include <plumb/%s.hpp>\nusing Thrown = plumb::Error;\n' $room |
    g++ -std=c++17 -fsyntax-only -I. -x c++ - || { echo "FAILED: <plumb/$room.hpp> has no Error"; exit 1; }
  if printf '#include <plumb/%s.hpp>\n' $room |
    g++ -std=c++17 -fno-rtti -fsyntax-only -I. -x c++ - 2>"$work/rtti"; then
    echo "FAILED: <plumb/$room.hpp> compiles without RTTI"
    exit 1
  fi
  grep -q 'compile what includes it without -fno-rtti' "$work/rtti" ||
    { echo "FAILED: -fno-rtti is not named: $(cat "$work/rtti")"; exit 1; }
done

printf '#include <plumb/plumb.hpp>\n' | g++ -std=c++17 -M -I. -x c++ - >"$work/dependencies"
if grep -E 'xtensor|xtl/|xflens|blas|lapack|[ /]omp\.h|zlib\.h|nlohmann|xxh|[ /]zip\.h' "$work/dependencies"; then
  echo "FAILED: <plumb/plumb.hpp> brings in the headers above"
  exit 1
fi
echo "${#headers[@]} headers: all compile alone"
