#include "root_mean_square.hpp"

#include <cmath>

#include "../../simd/lane_sums.hpp"
#include "each_row.hpp"

namespace plumb::kernel {
namespace {

// dx of one row, for gradients h(i) of its x^ whose mean product with x is known. x^ is formed
// again: as one factor of x, a power of the inverse root may lie beyond the range of T.
template <class T, class H>
PLUMB_INLINE inline void row_gradient(std::int64_t n, T* dx, Write mode, const T* x, double inverse,
                                      double mean_product, H h) {
  const T unit = static_cast<T>(inverse);
  const T steep = static_cast<T>(-inverse * (inverse * mean_product));
  store_run(n, dx, mode,
            [=](std::int64_t i) PLUMB_INLINE { return unit * h(i) + steep * (x[i] * unit); });
}

}  // namespace

void rms_norm(Tensor& y, Tensor& inverse, const Tensor& x, const Tensor& weight, double eps) {
  dispatch_floating("rms_norm", x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const std::int64_t rows = inverse.numel(), size = rows > 0 ? x.numel() / rows : 0;
    const T *from = x.data<T>(), *w = data_or_null<T>(weight);
    T* to = y.mutable_data<T>();
    double* inverses = inverse.mutable_data<double>();
    for_each_row(x, rows, [=](auto bytes, std::int64_t row) PLUMB_INLINE {
      const T* in = from + row * size;
      LaneSums<bytes, 1> squares;
      squares.add(
          size, [](auto* sum, const auto& value) PLUMB_INLINE { sum[0] += value * value; }, in);
      const double mean = squares.total(0) / static_cast<double>(size);
      inverses[row] = 1 / std::sqrt(mean + eps);
      const T factor = static_cast<T>(inverses[row]);
      const auto store = [=](auto f) PLUMB_INLINE {
        store_run(size, to + row * size, Write::overwrite, f);
      };
      if (w == nullptr) return store([=](std::int64_t i) PLUMB_INLINE { return in[i] * factor; });
      store([=](std::int64_t i) PLUMB_INLINE { return in[i] * factor * w[i]; });
    });
  });
}

void rms_norm_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& x, const Tensor& inverse,
                   const Tensor& weight) {
  dispatch_floating("rms_norm", dx.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const std::int64_t rows = inverse.numel(), size = rows > 0 ? x.numel() / rows : 0;
    const double* inverses = inverse.data<double>();
    const T *slope = g.data<T>(), *from = x.data<T>(), *w = data_or_null<T>(weight);
    T* to = dx.mutable_data<T>();
    for_each_row(x, rows, [=](auto bytes, std::int64_t row) PLUMB_INLINE {
      const T *gs = slope + row * size, *xs = from + row * size;
      T* out = to + row * size;
      LaneSums<bytes, 1> products;
      const auto count = static_cast<double>(size);
      if (w == nullptr) {
        products.add(
            size,
            [](auto* sum, const auto& h, const auto& value) PLUMB_INLINE { sum[0] += h * value; },
            gs, xs);
        return row_gradient(size, out, mode, xs, inverses[row], products.total(0) / count,
                            [=](std::int64_t i) PLUMB_INLINE { return gs[i]; });
      }
      products.add(
          size,
          [](auto* sum, const auto& h, const auto& value, const auto& factor)
              PLUMB_INLINE { sum[0] += h * factor * value; },
          gs, xs, w);
      row_gradient(size, out, mode, xs, inverses[row], products.total(0) / count,
                   [=](std::int64_t i) PLUMB_INLINE { return gs[i] * w[i]; });
    });
  });
}

}  // namespace plumb::kernel
