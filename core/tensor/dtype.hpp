// Element types that a tensor can have at run time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace plumb {

/// Element type of a Tensor. Only float32 and float64 take part in differentiation.
enum class DType : std::uint8_t { float32, float64, int64, uint8 };

/// "float32", "float64", "int64" or "uint8".
const char* name(DType dtype);

/// Bytes of one element.
inline std::size_t size_of(DType dtype) {
  switch (dtype) {
    case DType::float32:
      return 4;
    case DType::uint8:
      return 1;
    default:
      return 8;
  }
}

inline bool is_floating(DType dtype) { return dtype == DType::float32 || dtype == DType::float64; }

void append_text(std::string& out, DType dtype);

/// Throws "[mul] a uint8 tensor cannot hold 0.5; convert it with to() first" where an integer type
/// cannot hold the number. Floating types take every number.
void check_number(const char* operation, double number, DType dtype);

namespace detail {
template <class T>
struct DTypeOf;
template <>
struct DTypeOf<float> {
  static constexpr DType value = DType::float32;
};
template <>
struct DTypeOf<double> {
  static constexpr DType value = DType::float64;
};
template <>
struct DTypeOf<std::int64_t> {
  static constexpr DType value = DType::int64;
};
template <>
struct DTypeOf<std::uint8_t> {
  static constexpr DType value = DType::uint8;
};
}  // namespace detail

/// The DType of C++ element type T (float, double, std::int64_t or std::uint8_t).
template <class T>
inline constexpr DType dtype_of = detail::DTypeOf<T>::value;

}  // namespace plumb
