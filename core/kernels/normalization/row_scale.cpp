#include "row_scale.hpp"

#include "../../simd/lane_sums.hpp"
#include "center.hpp"
#include "each_row.hpp"

namespace plumb::kernel {
namespace {

// dx of one row from the gradient h of its x^: g, or g w where there are weights.
template <int bytes, bool weighted, class T>
PLUMB_INLINE inline void row_gradient(std::int64_t n, T* dx, Write mode, const T* g, const T* x,
                                      double mean, double inverse, const T* w) {
  LaneSums<bytes, 2> sums;
  const auto add = [=](auto* sum, const auto& h, const auto& value) PLUMB_INLINE {
    sum[0] += h;
    sum[1] += h * (value - mean);
  };
  if constexpr (weighted) {
    sums.add(
        n,
        [=](auto* sum, const auto& value, const auto& slope, const auto& weight) PLUMB_INLINE {
          const auto h = slope * weight;
          add(sum, h, value);
        },
        x, g, w);
  } else {
    sums.add(
        n,
        [=](auto* sum, const auto& value, const auto& slope)
            PLUMB_INLINE { add(sum, slope, value); },
        x, g);
  }
  const auto count = static_cast<double>(n);
  const Center<T> center(mean);
  const T a = static_cast<T>(inverse);
  const T c = static_cast<T>(-inverse * sums.total(0) / count);
  const double steep = -inverse * inverse * inverse * sums.total(1) / count;
  const auto write = [=](T b, const auto& part) PLUMB_INLINE {
    store_run(n, dx, mode, [=](std::int64_t i) PLUMB_INLINE {
      const T h = weighted ? g[i] * w[i] : g[i];
      return a * h + (b * part(x[i]) + c);
    });
  };
  if (fits_cubed<T>(steep, inverse))
    return write(static_cast<T>(steep),
                 [=](T value) PLUMB_INLINE { return center.distance(value); });
  write(static_cast<T>(-inverse * (inverse * sums.total(1)) / count),
        [=](T value) PLUMB_INLINE { return center.distance(value) * a; });
}

}  // namespace

void scale_rows(Tensor& y, const Tensor& x, const Tensor& mean, const Tensor& inverse,
                const Tensor& weight, const Tensor& bias) {
  dispatch_floating("scale_rows", x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const std::int64_t rows = mean.numel(), size = rows > 0 ? x.numel() / rows : 0;
    const double *means = mean.data<double>(), *inverses = inverse.data<double>();
    const T *from = x.data<T>(), *w = data_or_null<T>(weight), *b = data_or_null<T>(bias);
    T* to = y.mutable_data<T>();
    for_each_row(x, rows, [=](auto, std::int64_t row) PLUMB_INLINE {
      const Center<T> center(means[row]);
      const T factor = static_cast<T>(inverses[row]);
      const T* in = from + row * size;
      const auto store = [=](auto f) PLUMB_INLINE {
        store_run(size, to + row * size, Write::overwrite, f);
      };
      const auto unit = [=](std::int64_t i)
                            PLUMB_INLINE { return center.distance(in[i]) * factor; };
      if (w == nullptr && b == nullptr) return store(unit);
      if (b == nullptr) return store([=](std::int64_t i) PLUMB_INLINE { return unit(i) * w[i]; });
      if (w == nullptr) return store([=](std::int64_t i) PLUMB_INLINE { return unit(i) + b[i]; });
      store([=](std::int64_t i) PLUMB_INLINE { return unit(i) * w[i] + b[i]; });
    });
  });
}

void layer_norm_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& x, const Tensor& mean,
                     const Tensor& inverse, const Tensor& weight) {
  dispatch_floating("layer_norm", dx.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const std::int64_t rows = mean.numel(), size = rows > 0 ? x.numel() / rows : 0;
    const double *means = mean.data<double>(), *inverses = inverse.data<double>();
    const T *slope = g.data<T>(), *from = x.data<T>(), *w = data_or_null<T>(weight);
    T* to = dx.mutable_data<T>();
    for_each_row(x, rows, [=](auto bytes, std::int64_t row) PLUMB_INLINE {
      const T *gs = slope + row * size, *xs = from + row * size;
      T* out = to + row * size;
      if (w == nullptr)
        return row_gradient<bytes, false>(size, out, mode, gs, xs, means[row], inverses[row], w);
      row_gradient<bytes, true>(size, out, mode, gs, xs, means[row], inverses[row], w);
    });
  });
}

}  // namespace plumb::kernel
