#include "dropout.hpp"

#include <cmath>

#include "../simd/loops.hpp"

namespace plumb::kernel {
namespace {

constexpr std::int64_t blocks_per_task = 4096;

void draw_mask(Tensor& mask, double p, const Generator& generator) {
  // A word below the threshold drops its element; p = 1 drops all, at a threshold beyond the words.
  const auto threshold = static_cast<std::uint64_t>(std::llround(p * 0x1p32));
  const std::uint64_t seed = generator.seed(), stream = generator.stream();
  const std::uint64_t position = generator.position();
  const std::int64_t n = mask.numel();
  std::uint8_t* keep = mask.mutable_data<std::uint8_t>();
  const auto blocks = static_cast<std::int64_t>(dropout_blocks(n));
  parallel_for(blocks, blocks_per_task, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t block = begin; block < end; ++block) {
      const auto words = philox(seed, position + static_cast<std::uint64_t>(block), stream);
      const std::int64_t rest = n - 4 * block;
      for (int i = 0; i < 4 && i < rest; ++i) keep[4 * block + i] = words[i] >= threshold;
    }
  });
}

}  // namespace

Tensor dropout(const Tensor& x, double p, double scale, const Generator& generator, Tensor& mask) {
  Tensor y = Tensor::empty(x.shape(), x.dtype());
  draw_mask(mask, p, generator);
  dropout_into(y, Write::overwrite, x, mask, scale);
  return y;
}

void dropout_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& mask, double scale) {
  dispatch_floating("dropout", dx.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T factor = static_cast<T>(scale);
    loop(
        dx.numel(), dx.mutable_data<T>(), mode,
        [factor](T g, std::uint8_t kept) { return kept != 0 ? factor * g : T(0); }, g.data<T>(),
        mask.data<std::uint8_t>());
  });
}

}  // namespace plumb::kernel
