// What operations say of inputs that are undefined.
#pragma once

#include <cstddef>

#include "../../runtime/internal/fail.hpp"

namespace plumb::detail {

/// Throws where a tensor or variable is undefined: "[relu] the input is undefined", or of several "[matmul] input
/// 2 of 2 is undefined". Operations call it before they look at what they are given, but for what may be left out.
template <class... Inputs>
void check_defined(const char* operation, const Inputs&... inputs) {
  if ((inputs.defined() && ...)) return;
  constexpr int count = sizeof...(Inputs);
  if (count == 1) fail(operation, "the input is undefined");
  int position = 0;
  bool found = false;
  ((found = found || !inputs.defined(), position += found ? 0 : 1), ...);
  fail(operation, "input ", position + 1, " of ", count, " is undefined");
}

}  // namespace plumb::detail
