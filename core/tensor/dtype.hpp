// Element types that a tensor can have at run time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace plumb {

/// Element type of a Tensor. Only float32 and float64 take part in differentiation.
enum class DType : std::uint8_t { float32, float64, int64, uint8 };

/// "float32", "float64", "int64" or "uint8".
std::string to_string(DType dtype);

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
/// Throws "[mul] element types differ: float32 and float64; ..." where they do, with what to write.
void check_same_dtype(std::string_view operation, DType a, DType b);

template <class T>
inline constexpr bool is_element =
    std::is_same_v<T, float> || std::is_same_v<T, double> || std::is_same_v<T, std::int64_t> ||
    std::is_same_v<T, std::uint8_t>;

template <class T>
struct DTypeOf {
  static_assert(is_element<T>,
                "a Tensor's elements are float, double, std::int64_t or std::uint8_t");
  static constexpr DType value = DType::float32;
};
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

// What a list of T becomes: bool a mask, integers that fit into int64 an int64; itself otherwise.
template <class T, bool integral = std::is_integral_v<T>>
struct ElementFor {
  using type = T;
};
template <class T>
struct ElementFor<T, true> {
  static constexpr bool fits = std::is_signed_v<T> || sizeof(T) < sizeof(std::int64_t);
  using wide = std::conditional_t<fits, std::int64_t, T>;
  using type = std::conditional_t<std::is_same_v<T, bool> || std::is_same_v<T, std::uint8_t>,
                                  std::uint8_t, wide>;
};
}  // namespace detail

/// The DType of C++ element type T (float, double, std::int64_t or std::uint8_t).
template <class T>
inline constexpr DType dtype_of = detail::DTypeOf<T>::value;

}  // namespace plumb
