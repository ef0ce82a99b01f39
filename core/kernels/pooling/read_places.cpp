#include "read_places.hpp"

#include "../../tensor/internal/dispatch.hpp"

namespace plumb::kernel {
namespace {

template <class T, class C>
void read_plane(const PlaneWindows& w, const T* x, const C* places, T* y) {
  for (std::int64_t i = 0; i < w.out_height; ++i)
    for (std::int64_t j = 0; j < w.out_width; ++j, ++places, ++y) {
      const auto place = static_cast<std::int64_t>(*places);
      const std::int64_t row =
          i * w.rows.stride - w.rows.padding + place / w.columns.kernel * w.rows.dilation;
      const std::int64_t column =
          j * w.columns.stride - w.columns.padding + place % w.columns.kernel * w.columns.dilation;
      const bool inside = row >= 0 && row < w.height && column >= 0 && column < w.width;
      *y = inside ? x[row * w.width + column] : T(0);
    }
}

}  // namespace

void read_places(Tensor& y, const Tensor& x, const Tensor& argmax, const PlaneWindows& w) {
  if (y.numel() == 0) return;
  dispatch_floating("max_pool", x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* from = x.data<T>();
    T* to = y.mutable_data<T>();
    const auto read = [&](const auto* places) {
      for_planes(x.numel(), w.in_size(), [=, &w](std::int64_t begin, std::int64_t end) {
        for (std::int64_t plane = begin; plane < end; ++plane)
          read_plane(w, from + plane * w.in_size(), places + plane * w.out_size(),
                     to + plane * w.out_size());
      });
    };
    if (argmax.dtype() == DType::uint8) return read(argmax.data<std::uint8_t>());
    read(argmax.data<std::int64_t>());
  });
}

}  // namespace plumb::kernel
