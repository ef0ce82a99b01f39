#include "augmentation.hpp"

#include <algorithm>
#include <cmath>

#include "../../core/runtime/floating_point.hpp"
#include "../../core/runtime/internal/fail.hpp"

namespace plumb::data {
namespace {

// x at a distance of `step` samples, as many as there are room for.
Tensor resampled(const Tensor& x, double step) {
  if (x.numel() == 0) return x.clone();
  const double last = static_cast<double>(x.numel() - 1);
  Tensor result = Tensor::empty({1 + static_cast<std::int64_t>(last / step)});
  const float* from = x.data<float>();
  float* to = result.mutable_data<float>();
  for (std::int64_t i = 0; i < result.numel(); ++i) {
    const double at = std::min(last, step * static_cast<double>(i));
    const auto left = static_cast<std::int64_t>(at);
    const std::int64_t right = std::min(left + 1, x.numel() - 1);
    to[i] = static_cast<float>(from[left] + (at - static_cast<double>(left)) *
                                                (double{from[right]} - from[left]));
  }
  return result;
}

// x later by that many samples, or earlier.
Tensor shifted(const Tensor& x, std::int64_t samples) {
  const std::int64_t n = x.numel();
  Tensor result = Tensor::zeros({n});
  const std::int64_t begin = std::clamp<std::int64_t>(samples, 0, n);
  const std::int64_t end = std::clamp<std::int64_t>(n + samples, 0, n);
  if (begin < end)
    std::copy_n(x.data<float>() + begin - samples, end - begin,
                result.mutable_data<float>() + begin);
  return result;
}

double root_mean_square(const Tensor& x) {
  double sum = 0;
  for (std::int64_t i = 0; i < x.numel(); ++i) {
    const double value = x.data<float>()[i];
    sum += value * value;
  }
  return x.numel() > 0 ? std::sqrt(sum / static_cast<double>(x.numel())) : 0;
}

void check_floats(const char* operation, const Tensor& x, int rank) {
  if (x.rank() != rank || x.dtype() != DType::float32)
    fail(operation, "expected float32 ", rank == 1 ? "[n]" : "[frames, bands]", ", got ", x.dtype(),
         " ", x.shape());
}

// A run of 0 to `most` of `all`.
struct Run {
  std::int64_t begin, end;
};
Run draw_run(std::int64_t most, std::int64_t all, Generator& random) {
  const std::int64_t width = random.below(std::clamp<std::int64_t>(most, 0, all) + 1);
  const std::int64_t begin = random.below(all - width + 1);
  return {begin, begin + width};
}

}  // namespace

Generator augmentation_generator(std::uint64_t seed, std::int64_t epoch, std::int64_t index) {
  constexpr int blocks = 24;  // 2^24 for each sample
  if (epoch < 0) fail("augmentation_generator", "epoch must not be negative, got ", epoch);
  if (index < 0 || index >> (64 - blocks) != 0)
    fail("augmentation_generator", "index must be in [0, 2^40), got ", index);
  // An epoch has a seed of its own, from a stream that is nobody else's.
  constexpr std::uint64_t seeds = ~std::uint64_t{0};
  const auto words = philox(seed, static_cast<std::uint64_t>(epoch), seeds);
  Generator random(std::uint64_t{words[1]} << 32 | words[0], Stream::augmentation);
  random.set_position(static_cast<std::uint64_t>(index) << blocks);
  return random;
}

void SoundChanges::check() const {
  constexpr const char* operation = "SoundChanges";
  if (!(speed >= 0 && speed <= 0.5)) fail(operation, "speed must be in [0, 0.5], got ", speed);
  constexpr std::int64_t most = std::int64_t{1} << 40;
  if (shift < 0 || shift > most) fail(operation, "shift must be in [0, 2^40], got ", shift);
  if (!(gain >= 0 && gain <= 100)) fail(operation, "gain must be in [0, 100] dB, got ", gain);
  if (!(noise >= 0 && std::isfinite(noise)))
    fail(operation, "noise must be finite and not negative, got ", noise);
}

Tensor change_sound(const Tensor& x, const SoundChanges& changes, Generator random) {
  check_floats("change_sound", x, 1);
  changes.check();
  const plumb::detail::FloatingPointMode mode;
  // Drawn in any case, so that one option does not change what another does.
  const double speed = 1 + changes.speed * (2 * random.uniform() - 1);
  const double shift = static_cast<double>(changes.shift) * (2 * random.uniform() - 1);
  const double gain = std::pow(10, changes.gain * (2 * random.uniform() - 1) / 20);
  const double noise = changes.noise * random.uniform();

  Tensor result = changes.speed > 0 ? resampled(x, speed) : x;
  result = shifted(result, std::llround(shift));
  const double deviation = gain * noise * root_mean_square(result);
  Tensor hiss;
  if (deviation > 0) {
    hiss = Tensor::empty({result.numel()});
    random.fill_normal(hiss, 0, deviation);
  }
  float* data = result.mutable_data<float>();
  for (std::int64_t i = 0; i < result.numel(); ++i)
    data[i] = static_cast<float>(gain * data[i] + (hiss.defined() ? hiss.data<float>()[i] : 0.f));
  return result;
}

void FeatureMasks::check() const {
  constexpr const char* operation = "FeatureMasks";
  constexpr std::int64_t most = 100;
  const auto in_range = [](const char* name, std::int64_t value, std::int64_t high) {
    if (value < 0 || value > high)
      fail(operation, name, " must be in [0, ", high, "], got ", value);
  };
  in_range("time_masks", time_masks, most);
  in_range("time_width", time_width, INT64_MAX);
  in_range("band_masks", band_masks, most);
  in_range("band_width", band_width, INT64_MAX);
  if (!(time_share >= 0 && time_share <= 1))
    fail(operation, "time_share must be in [0, 1], got ", time_share);
}

Tensor mask_features(const Tensor& x, const FeatureMasks& masks, Generator random) {
  check_floats("mask_features", x, 2);
  masks.check();
  const plumb::detail::FloatingPointMode mode;
  const std::int64_t frames = x.dim(0), bands = x.dim(1);
  double sum = 0;
  for (std::int64_t i = 0; i < x.numel(); ++i) sum += x.data<float>()[i];
  const auto mean =
      static_cast<float>(sum / static_cast<double>(std::max<std::int64_t>(x.numel(), 1)));

  Tensor result = x.clone();
  float* data = result.mutable_data<float>();
  const auto share = static_cast<std::int64_t>(masks.time_share * static_cast<double>(frames));
  for (std::int64_t m = 0; m < masks.time_masks; ++m) {
    const Run run = draw_run(std::min(masks.time_width, share), frames, random);
    std::fill(data + run.begin * bands, data + run.end * bands, mean);
  }
  for (std::int64_t m = 0; m < masks.band_masks; ++m) {
    const Run run = draw_run(masks.band_width, bands, random);
    for (std::int64_t t = 0; t < frames; ++t)
      std::fill(data + t * bands + run.begin, data + t * bands + run.end, mean);
  }
  return result;
}

}  // namespace plumb::data
