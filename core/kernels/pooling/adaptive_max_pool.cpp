#include "adaptive_max_pool.hpp"

#include <algorithm>

#include "../../tensor/internal/dispatch.hpp"
#include "planes.hpp"

namespace plumb::kernel {
namespace {

// The place of the largest element of one rectangle.
template <class T>
std::int64_t largest_place(const Bin& row, const Bin& column, std::int64_t width, const T* x) {
  std::int64_t place = row.begin * width + column.begin;
  for (std::int64_t i = row.begin; i < row.end; ++i)
    for (std::int64_t at = i * width + column.begin; at < i * width + column.end; ++at)
      if (x[at] > x[place] || (x[at] != x[at] && x[place] == x[place])) place = at;
  return place;
}

}  // namespace

void adaptive_max_pool(Tensor& y, Tensor& places, const Tensor& x, const PlaneBins& bins) {
  const std::int64_t in_size = bins.height * bins.width;
  const auto out_size = static_cast<std::int64_t>(bins.rows.size() * bins.columns.size());
  dispatch_floating("adaptive_max_pool", x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* from = x.data<T>();
    T* to = y.mutable_data<T>();
    std::int64_t* at = places.mutable_data<std::int64_t>();
    for_planes(x.numel(), in_size, [&](std::int64_t begin, std::int64_t end) {
      std::int64_t i = begin * out_size;
      for (std::int64_t plane = begin; plane < end; ++plane)
        for (const Bin& row : bins.rows)
          for (const Bin& column : bins.columns) {
            at[i] = largest_place(row, column, bins.width, from + plane * in_size);
            to[i] = from[plane * in_size + at[i]];
            ++i;
          }
    });
  });
}

void adaptive_max_pool_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& places,
                            std::int64_t plane) {
  if (mode == Write::overwrite) dx.fill(0);
  if (g.numel() == 0) return;
  const std::int64_t out_size = g.numel() / (dx.numel() / plane);
  dispatch_floating("adaptive_max_pool", dx.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* slope = g.data<T>();
    const std::int64_t* at = places.data<std::int64_t>();
    T* to = dx.mutable_data<T>();
    for_planes(dx.numel(), plane, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t p = begin; p < end; ++p)
        for (std::int64_t i = p * out_size; i < (p + 1) * out_size; ++i)
          to[p * plane + at[i]] += slope[i];
    });
  });
}

}  // namespace plumb::kernel
