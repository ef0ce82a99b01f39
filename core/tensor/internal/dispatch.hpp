// From a run-time dtype to a C++ type: a kernel is a template, chosen once per call.
#pragma once

#include <string_view>

#include "../../runtime/internal/fail.hpp"
#include "../dtype.hpp"

namespace plumb {

template <class T>
struct TypeTag {
  using type = T;
};

/// Calls f(TypeTag<float>) or f(TypeTag<double>); throws for the integer types.
template <class F>
decltype(auto) dispatch_floating(std::string_view operation, DType dtype, F&& f) {
  switch (dtype) {
    case DType::float32:
      return f(TypeTag<float>{});
    case DType::float64:
      return f(TypeTag<double>{});
    default:
      fail(operation, "expected float32 or float64, got ", dtype);
  }
}

/// Calls f with the tag of any of the four types.
template <class F>
decltype(auto) dispatch_all(DType dtype, F&& f) {
  switch (dtype) {
    case DType::float32:
      return f(TypeTag<float>{});
    case DType::float64:
      return f(TypeTag<double>{});
    case DType::int64:
      return f(TypeTag<std::int64_t>{});
    default:
      return f(TypeTag<std::uint8_t>{});
  }
}

}  // namespace plumb
