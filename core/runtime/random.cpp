#include "random.hpp"

#include <cmath>
#include <numeric>
#include <utility>

#include "../io/state_dict.hpp"
#include "../tensor/internal/dispatch.hpp"
#include "floating_point.hpp"
#include "internal/fail.hpp"
#include "parallel.hpp"

namespace plumb {
namespace {

constexpr double two_pi = 6.283185307179586;
constexpr std::int64_t blocks_per_task = 4096;

std::uint64_t join(std::uint32_t low, std::uint32_t high) {
  return low | static_cast<std::uint64_t>(high) << 32;
}

// The highest 53 (24) bits as a fraction: every value is a multiple of the type's resolution.
double to_unit(std::uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1p-53; }
float to_unit(std::uint32_t bits) { return static_cast<float>(bits >> 8) * 0x1p-24f; }

// Box-Muller on two uniform numbers; 1 - u lies in (0, 1], so the logarithm is finite.
std::pair<double, double> normal_pair(double u, double v) {
  const double radius = std::sqrt(-2 * std::log1p(-u));
  return {radius * std::cos(two_pi * v), radius * std::sin(two_pi * v)};
}

// How many values of type T a block of four words gives, and what they are.
struct UniformDraw {
  static int draw(const std::array<std::uint32_t, 4>& words, float* out) {
    for (int i = 0; i < 4; ++i) out[i] = to_unit(words[i]);
    return 4;
  }
  static int draw(const std::array<std::uint32_t, 4>& words, double* out) {
    out[0] = to_unit(join(words[0], words[1]));
    out[1] = to_unit(join(words[2], words[3]));
    return 2;
  }
};

struct NormalDraw {
  static int draw(const std::array<std::uint32_t, 4>& words, float* out) {
    for (int i = 0; i < 4; i += 2) {
      const auto [a, b] = normal_pair(words[i] * 0x1p-32, words[i + 1] * 0x1p-32);
      out[i] = static_cast<float>(a);
      out[i + 1] = static_cast<float>(b);
    }
    return 4;
  }
  static int draw(const std::array<std::uint32_t, 4>& words, double* out) {
    const auto [a, b] =
        normal_pair(to_unit(join(words[0], words[1])), to_unit(join(words[2], words[3])));
    out[0] = a;
    out[1] = b;
    return 2;
  }
};

// Fills x with scale * draw + shift from the blocks at `position` on; returns how many it took.
template <class Draw>
std::uint64_t fill(Tensor& x, std::uint64_t seed, std::uint64_t stream, std::uint64_t position,
                   double scale, double shift) {
  const detail::FloatingPointMode mode;
  return dispatch_floating("Generator", x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    constexpr int width = 16 / sizeof(T);
    T* out = x.template mutable_data<T>();
    const std::int64_t n = x.numel();
    const std::int64_t blocks = (n + width - 1) / width;
    parallel_for(blocks, blocks_per_task, [=](std::int64_t begin, std::int64_t end) {
      for (std::int64_t block = begin; block < end; ++block) {
        T values[width];
        Draw::draw(philox(seed, position + static_cast<std::uint64_t>(block), stream), values);
        for (int lane = 0; lane < width && block * width + lane < n; ++lane)
          out[block * width + lane] = static_cast<T>(scale * values[lane] + shift);
      }
    });
    return static_cast<std::uint64_t>(blocks);
  });
}

}  // namespace

std::array<std::uint32_t, 4> philox(std::uint64_t key, std::uint64_t counter_low,
                                    std::uint64_t counter_high) {
  std::uint32_t c0 = static_cast<std::uint32_t>(counter_low);
  std::uint32_t c1 = static_cast<std::uint32_t>(counter_low >> 32);
  std::uint32_t c2 = static_cast<std::uint32_t>(counter_high);
  std::uint32_t c3 = static_cast<std::uint32_t>(counter_high >> 32);
  std::uint32_t k0 = static_cast<std::uint32_t>(key);
  std::uint32_t k1 = static_cast<std::uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53} * c0;
    const std::uint64_t p1 = std::uint64_t{0xCD9E8D57} * c2;
    const std::uint32_t n0 = static_cast<std::uint32_t>(p1 >> 32) ^ c1 ^ k0;
    const std::uint32_t n2 = static_cast<std::uint32_t>(p0 >> 32) ^ c3 ^ k1;
    c1 = static_cast<std::uint32_t>(p1);
    c3 = static_cast<std::uint32_t>(p0);
    c0 = n0;
    c2 = n2;
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  return {c0, c1, c2, c3};
}

Generator Generator::fork() {
  const auto words = block();
  return Generator(join(words[0], words[1]), stream_);
}

std::uint64_t Generator::next() {
  const auto words = block();
  return join(words[0], words[1]);
}

double Generator::uniform() { return to_unit(next()); }

double Generator::normal() {
  const auto words = block();
  return normal_pair(to_unit(join(words[0], words[1])), to_unit(join(words[2], words[3]))).first;
}

std::int64_t Generator::below(std::int64_t bound) {
  if (bound < 1) fail("Generator::below", "bound must be at least 1, got ", bound);
  // Reject what would favour the low values: the last, incomplete run of `bound` numbers.
  const std::uint64_t range = static_cast<std::uint64_t>(bound);
  const std::uint64_t limit = UINT64_MAX - UINT64_MAX % range;
  std::uint64_t bits = next();
  while (bits >= limit) bits = next();
  return static_cast<std::int64_t>(bits % range);
}

std::vector<std::int64_t> Generator::permutation(std::int64_t n) {
  if (n < 0) fail("Generator::permutation", "n must not be negative, got ", n);
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  for (std::int64_t i = n - 1; i > 0; --i) std::swap(order[i], order[below(i + 1)]);
  return order;
}

void Generator::fill_uniform(Tensor& x, double low, double high) {
  if (!(low <= high) || !std::isfinite(high - low))
    fail("Generator::fill_uniform", "expected finite low <= high, got ", low, " and ", high);
  position_ += fill<UniformDraw>(x, seed_, stream_, position_, high - low, low);
  // Rounding may have reached the end that is excluded.
  dispatch_floating("Generator", x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T end = static_cast<T>(high);
    if (!(low < high)) return;
    const T last = std::nextafter(end, static_cast<T>(low));
    T* data = x.mutable_data<T>();
    parallel_for(x.numel(), 4 * blocks_per_task, [=](std::int64_t begin, std::int64_t stop) {
      for (std::int64_t i = begin; i < stop; ++i) data[i] = data[i] < end ? data[i] : last;
    });
  });
}

void Generator::fill_normal(Tensor& x, double mean, double deviation) {
  if (!std::isfinite(mean) || !std::isfinite(deviation) || deviation < 0)
    fail("Generator::fill_normal", "expected a finite mean and deviation >= 0, got ", mean, " and ",
         deviation);
  position_ += fill<NormalDraw>(x, seed_, stream_, position_, deviation, mean);
}

// State dicts have no unsigned numbers: the same 64 bits as signed ones.
StateDict Generator::state_dict() const {
  StateDict state;
  state.set("seed", static_cast<std::int64_t>(seed_));
  state.set("stream", static_cast<std::int64_t>(stream_));
  state.set("position", static_cast<std::int64_t>(position_));
  return state;
}

void Generator::load_state_dict(const StateDict& state) {
  const auto bits = [&](const char* name) {
    return static_cast<std::uint64_t>(state.scalar<std::int64_t>(name));
  };
  Generator saved(bits("seed"), bits("stream"));
  saved.set_position(bits("position"));
  *this = saved;
}

}  // namespace plumb
