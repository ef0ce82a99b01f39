#include "rotary.hpp"

#include <algorithm>

#include "../simd/loops.hpp"

namespace plumb::kernel {
namespace {

// One head of a row; sines have their sign already.
template <class T, class Store>
PLUMB_INLINE inline void turn_head(const Rotation& rotation, const T* x, T* y, const T* cosines,
                                   const T* sines, T sign, Store store) {
  const std::int64_t pairs = rotation.size / 2;
  const std::int64_t step = rotation.interleaved ? 2 : 1, apart = rotation.interleaved ? 1 : pairs;
#pragma omp simd
  for (std::int64_t i = 0; i < pairs; ++i) {
    const T a = x[i * step], b = x[i * step + apart], sine = sign * sines[i];
    store(y[i * step], a * cosines[i] - b * sine);
    store(y[i * step + apart], a * sine + b * cosines[i]);
  }
}

template <class T, class Store>
PLUMB_INLINE inline void turn_row(const Rotation& rotation, std::int64_t columns, const T* x, T* y,
                                  const T* cosines, const T* sines, Store store) {
  const T sign = rotation.backwards ? T(-1) : T(1);
  for (std::int64_t first = 0; first < rotation.rotated; first += rotation.size)
    turn_head(rotation, x + first, y + first, cosines, sines, sign, store);
  for (std::int64_t i = rotation.rotated; i < columns; ++i) store(y[i], x[i]);
}

}  // namespace

void rotate(Tensor& y, Write mode, const Tensor& x, const Tensor& angles,
            const Rotation& rotation) {
  if (x.numel() == 0) return;
  dispatch_floating("rotate", x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const std::int64_t columns = x.dim(-1), rows = x.numel() / columns, pairs = rotation.size / 2;
    const T *from = x.data<T>(), *cosines = angles.data<T>();
    const T* sines = cosines + angles.dim(1) * pairs;
    T* to = y.mutable_data<T>();
    const std::int64_t at_once = std::max<std::int64_t>(1, grain / columns);
    parallel_for(rows, at_once, [=](std::int64_t begin, std::int64_t end) {
      on_best_isa([=]() PLUMB_INLINE {
        for (std::int64_t row = begin; row < end; ++row) {
          const std::int64_t angle = row % rotation.steps * pairs;
          const auto turn = [=](auto store) PLUMB_INLINE {
            turn_row(rotation, columns, from + row * columns, to + row * columns, cosines + angle,
                     sines + angle, store);
          };
          if (mode == Write::overwrite) {
            turn([](T& at, T value) PLUMB_INLINE { at = value; });
          } else {
            turn([](T& at, T value) PLUMB_INLINE { at += value; });
          }
        }
      });
    });
  });
}

}  // namespace plumb::kernel
