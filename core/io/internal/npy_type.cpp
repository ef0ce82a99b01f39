#include "npy_type.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <type_traits>

#include "half.hpp"

namespace plumb::detail {
namespace {

enum class Order : bool { little, big };

// The element of type From whose bytes begin at `at`.
template <class From, Order order>
From element(const std::byte* at) {
  std::byte bytes[sizeof(From)];
  std::memcpy(bytes, at, sizeof(From));
  if (order == Order::big) std::reverse(bytes, bytes + sizeof(From));
  From value;
  std::memcpy(&value, bytes, sizeof(From));
  return value;
}

template <class From, class To, Order order>
Tensor converted(const Tensor& bytes, const Shape& shape) {
  Tensor result = Tensor::empty(shape, dtype_of<To>);
  To* to = result.mutable_data<To>();
  for (std::int64_t i = 0; i < result.numel(); ++i)
    to[i] = static_cast<To>(element<From, order>(bytes.raw() + i * std::int64_t{sizeof(From)}));
  return result;
}

template <Order order>
Tensor from_halves(const Tensor& bytes, const Shape& shape) {
  Tensor result = Tensor::empty(shape);
  float* to = result.mutable_data<float>();
  for (std::int64_t i = 0; i < result.numel(); ++i)
    to[i] = from_float16(element<std::uint16_t, order>(bytes.raw() + 2 * i));
  return result;
}

struct Entry {
  std::string_view kind;  // the descr, without the order of bytes
  NpyType little, big;
};

template <class From, class To>
constexpr Entry entry(std::string_view kind, const char* name) {
  constexpr bool same = std::is_same_v<From, To>;
  constexpr auto size = std::int64_t{sizeof(From)};
  return {kind,
          {name, size, dtype_of<To>, same ? nullptr : converted<From, To, Order::little>},
          {name, size, dtype_of<To>, converted<From, To, Order::big>}};
}

constexpr Entry entries[] = {
    entry<float, float>("f4", "float32"),
    entry<double, double>("f8", "float64"),
    entry<std::int64_t, std::int64_t>("i8", "int64"),
    entry<std::int32_t, std::int64_t>("i4", "int32"),
    entry<std::int16_t, std::int64_t>("i2", "int16"),
    entry<std::int8_t, std::int64_t>("i1", "int8"),
    entry<std::uint32_t, std::int64_t>("u4", "uint32"),
    entry<std::uint16_t, std::int64_t>("u2", "uint16"),
    {"f2",
     {"float16", 2, DType::float32, from_halves<Order::little>},
     {"float16", 2, DType::float32, from_halves<Order::big>}},
    {"u1", {"uint8", 1, DType::uint8, nullptr}, {"uint8", 1, DType::uint8, nullptr}},
    {"b1", {"bool", 1, DType::uint8, nullptr, true}, {"bool", 1, DType::uint8, nullptr, true}},
};

}  // namespace

std::optional<NpyType> npy_type(std::string_view descr) {
  if (descr.empty()) return std::nullopt;
  for (const Entry& entry : entries) {
    if (entry.kind != descr.substr(1)) continue;
    const std::string_view orders = entry.little.size == 1 ? "|" : "<>";
    if (orders.find(descr[0]) == std::string_view::npos) return std::nullopt;
    return descr[0] == '>' ? entry.big : entry.little;
  }
  return std::nullopt;
}

}  // namespace plumb::detail
