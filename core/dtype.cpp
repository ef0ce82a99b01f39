#include "dtype.hpp"

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

std::size_t size_of(DType dtype) {
  switch (dtype) {
    case DType::float32:
      return 4;
    case DType::uint8:
      return 1;
    default:
      return 8;
  }
}

void append_text(std::string& out, DType dtype) { out += name(dtype); }

}  // namespace plumb
