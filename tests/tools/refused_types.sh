#!/usr/bin/env bash
# What a Tensor cannot hold is refused by one line that says what it can, not in the depth of templates.
source_dir=${PLUMB_SOURCE_DIR:-$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)}
# shellcheck source=tests/support/script.sh
source "$source_dir/tests/support/script.sh"
compiler=${PLUMB_CXX:-c++}
mkdir "$work/include" && ln -s "$source_dir" "$work/include/plumb"

# refuse MESSAGE CODE...: each of them has this error and no other.
refuse() {
  local message=$1 code
  shift
  for code in "$@"; do
    printf '%s\n' '#include <plumb/core/tensor/tensor.hpp>' '#include <string>' \
      "void f() { $code; }" >"$work/a.cpp"
    "$compiler" -std=c++17 -fsyntax-only -I"$work/include" "$work/a.cpp" 2>"$work/errors" &&
      fail "compiles: $code"
    grep -q "error: .*$message" "$work/errors" || fail "$code: $(cat "$work/errors")"
    (($(grep -c ' error: ' "$work/errors") == 1)) || fail "$code: $(cat "$work/errors")"
  done
}

refuse 'Tensor::from takes float, double, bool and integers that fit into std::int64_t' \
  'plumb::Tensor::from(std::vector<std::string>{"a"})' \
  'plumb::Tensor::from({std::size_t{1}, std::size_t{2}})' \
  'plumb::Tensor::from(std::vector<long double>{1}, {1})'
refuse "a Tensor's elements are float, double, std::int64_t or std::uint8_t" \
  'plumb::Tensor x; x.data<int>()' \
  'plumb::Tensor x; x.to_vector<short>()'
