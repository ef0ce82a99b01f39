// Element types of .npy files, and the types of plumb that hold their values.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "../../runtime/error.hpp"
#include "../../tensor/tensor.hpp"

namespace plumb::detail {

// float16 is loaded as float32, integers below 64 bits and uint16, uint32 as int64, bool as uint8:
// every value stays exactly what it was. uint64 has values that int64 lacks.
struct NpyType {
  const char* name;   // NumPy's
  std::int64_t size;  // bytes of an element, as stored
  DType dtype;        // as loaded
  // Makes stored elements, uint8 [bytes], into a tensor. Null where nothing is to be done.
  Tensor (*convert)(const Tensor& bytes, const Shape& shape);
  bool is_bool = false;
};

// For a descr, as "<i4"; none for what plumb has no type for.
std::optional<NpyType> npy_type(std::string_view descr);

// The array is of a type that plumb has none for.
struct UnknownNpyType : Error {
  using Error::Error;
};

}  // namespace plumb::detail
