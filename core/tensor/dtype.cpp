#include "dtype.hpp"

#include <cmath>

#include "../runtime/error.hpp"

namespace plumb {

const char* name(DType dtype) {
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

void append_text(std::string& out, DType dtype) { out += name(dtype); }

void check_number(const char* operation, double number, DType dtype) {
  if (is_floating(dtype)) return;
  const double low = dtype == DType::uint8 ? 0 : -0x1p63;
  const double above = dtype == DType::uint8 ? 256 : 0x1p63;
  if (!(number >= low && number < above) || number != std::floor(number))
    fail(operation, "a ", dtype, " tensor cannot hold ", number, "; convert it with to() first");
}

}  // namespace plumb
