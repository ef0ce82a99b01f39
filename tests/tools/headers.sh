#!/usr/bin/env bash
# Every installed header compiles without a warning, alone as C++23 with g++, and all of them together
# as C++17, C++20 and C++23 with g++ and clang++, and so does a program that instantiates their
# templates. They come by -I, with the warnings that a careful program has on. <plumb/plumb.hpp> brings in no header of
# xtensor, BLAS, OpenMP, zlib, libzip, libsndfile, JSON or xxHash.
set -euo pipefail
source_dir=${PLUMB_SOURCE_DIR:-$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)}
build_dir=${PLUMB_BUILD_DIR:-$source_dir/build/release}
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT

cmake --install "$build_dir" --prefix "$work" >/dev/null
cd -- "$work/include"
mapfile -t headers < <(find plumb -name '*.hpp' | sort)
((${#headers[@]} > 0)) || { echo "FAILED: no header is installed"; exit 1; }

# Headers that most others include anyway are compiled once, each on its own, and kept: one that
# includes them begins with what it would have read itself, and nothing else.
kept=(plumb/core/tensor/tensor.hpp plumb/core/io/state_dict.hpp plumb/data/dataset.hpp
  plumb/autograd/variable.hpp plumb/optim/optimizer.hpp plumb/nn/layer.hpp)

# "HEADER KEPT" a line: the last kept header that it includes, directly or not, or "-".
beginnings() {
  python3 - "${kept[@]}" -- "${headers[@]}" <<'PYTHON'
import os, re, sys
split = sys.argv.index("--")
kept, headers = sys.argv[1:split], sys.argv[split + 1:]

def included(header, found):
    for name in re.findall(r'^#include "(.*)"', open(header).read(), re.MULTILINE):
        path = os.path.normpath(os.path.join(os.path.dirname(header), name))
        if path not in found:
            found.add(path)
            included(path, found)
    return found

for header in headers:
    print(header, next((k for k in reversed(kept) if k in included(header, set())), "-"))
PYTHON
}

export work flags="-fsyntax-only -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Winvalid-pch -Werror -I. -x"
# compile COMPILER STANDARD HEADER [KEPT]: the newest standard finds what a header forgets to include:
# the newer, the less the library's own headers bring along by chance.
# shellcheck disable=SC2086 # several flags
compile() {
  local begin=() use=
  if [[ ${4:--} != - ]]; then begin=(-include "$work/kept/$4"); fi
  # Each room's header declares what it throws.
  if [[ $3 =~ ^plumb/[a-z]+\.hpp$ ]]; then use='using Thrown = plumb::Error;'; fi
  printf '#include <%s>\n%s\n' "$3" "$use" | "$1" "-std=$2" "${begin[@]}" $flags c++ - ||
    { echo "FAILED: $3 with $1 -std=$2"; return 1; }
}
# shellcheck disable=SC2086
keep() {
  mkdir -p "$work/kept/${1%/*}"
  printf '#include <%s>\n' "$1" >"$work/kept/$1"
  g++ -std=c++2b ${flags#* } c++-header "$work/kept/$1" -o "$work/kept/$1.gch" ||
    { echo "FAILED: $1 with g++ -std=c++2b"; return 1; }
}
export -f compile
for header in "${kept[@]}"; do keep "$header"; done

# One line a case: compiler, standard, header, what it begins with.
cases() {
  local standard header compiler beginning
  for standard in c++17 c++20 c++2b; do
    while read -r header beginning; do
      # The interop header is C++17 only, as xtensor 0.24 is.
      if [[ $header == plumb/core/tensor/xtensor*.hpp ]]; then
        if [[ $standard != c++17 ]]; then continue; fi
        echo "g++ $standard $header"
      elif [[ $standard == c++2b && " ${kept[*]} " != *" $header "* ]]; then
        echo "g++ $standard $header $beginning"
      fi
      echo "#include <$header>" >>"$work/$standard.hpp"
    done <"$work/beginnings"
    for compiler in g++ clang++; do
      if command -v "$compiler" >/dev/null; then echo "$compiler $standard $work/$standard.hpp"; fi
    done
  done
  for compiler in g++ clang++; do
    if command -v "$compiler" >/dev/null; then
      echo "$compiler c++17 $source_dir/tests/consumer/main.cpp"
    fi
  done
}
beginnings >"$work/beginnings"
cases >"$work/cases"
# shellcheck disable=SC2016 # $0 and $@ are the inner shell's
xargs -a "$work/cases" -P "$(nproc)" -L 1 bash -c 'compile "$@"' compile

# Without RTTI a program is told so and not built.
for room in core autograd nn optim data distributed plumb; do
  [[ -f plumb/$room.hpp ]] || continue  # there is no MPI
  if printf '#include <plumb/%s.hpp>\n' $room |
    g++ -std=c++17 -fno-rtti -E -I. -x c++ - >/dev/null 2>"$work/rtti"; then
    echo "FAILED: <plumb/$room.hpp> compiles without RTTI"
    exit 1
  fi
  grep -q 'compile what includes it without -fno-rtti' "$work/rtti" ||
    { echo "FAILED: -fno-rtti is not named: $(cat "$work/rtti")"; exit 1; }
done

# A module of several inputs has no summary by a shape, and the compiler says what to write.
if g++ -std=c++17 -fsyntax-only -I. -x c++ - 2>"$work/summary" <<'CPP'
#include <plumb/nn.hpp>
struct Pair : plumb::nn::Module {};
std::string of(Pair& pair) { return plumb::nn::summary(pair, {2, 3}); }
CPP
then
  echo "FAILED: nn::summary takes a module of several inputs by a shape"
  exit 1
fi
grep -q 'write summary(model, \[&\] { model.forward(a, b); })' "$work/summary" ||
  { echo "FAILED: nn::summary does not say what to write: $(cat "$work/summary")"; exit 1; }

printf '#include <plumb/plumb.hpp>\n' | g++ -std=c++17 -M -I. -x c++ - >"$work/dependencies"
if grep -E 'xtensor|xtl/|xflens|blas|lapack|[ /]omp\.h|zlib\.h|nlohmann|xxh|[ /]zip\.h|sndfile\.h' "$work/dependencies"; then
  echo "FAILED: <plumb/plumb.hpp> brings in the headers above"
  exit 1
fi
echo "${#headers[@]} headers: all compile alone"
