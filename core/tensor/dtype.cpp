#include "dtype.hpp"

#include <cmath>

#include "../runtime/internal/fail.hpp"

namespace plumb {

std::string to_string(DType dtype) {
  switch (dtype) {
    case DType::float32:
      return "float32";
    case DType::float64:
      return "float64";
    case DType::int64:
      return "int64";
    case DType::uint8:
      return "uint8";
  }
  return "unknown";
}

void append_text(std::string& out, DType dtype) { out += to_string(dtype); }

void check_number(const char* operation, double number, DType dtype) {
  if (is_floating(dtype)) return;
  const double low = dtype == DType::uint8 ? 0 : -0x1p63;
  const double above = dtype == DType::uint8 ? 256 : 0x1p63;
  if (!(number >= low && number < above) || number != std::floor(number))
    fail(operation, "a ", dtype, " tensor cannot hold ", number, "; convert it with to() first");
}

void detail::check_same_dtype(std::string_view operation, DType a, DType b) {
  if (a == b) return;
  if (is_floating(a) && is_floating(b))
    fail(operation, "element types differ: ", a, " and ", b,
         "; Tensor::from({1.0}) is float64: write 1.0f, or convert with to(DType::float32)");
  fail(operation, "element types differ: ", a, " and ", b, "; convert one of them with to()");
}

}  // namespace plumb
