#include "spoken_digits.hpp"

#include "../../core/runtime/internal/fail.hpp"
#include "../../core/runtime/parallel.hpp"
#include "internal/formants.hpp"

namespace plumb::data {
namespace {

constexpr const char* operation = "speak_digits";
constexpr std::int64_t most = std::int64_t{1} << 40;

void check(std::int64_t count, const SpokenDigitOptions& options) {
  if (count < 0) fail(operation, "count must not be negative, got ", count);
  if (options.first_index < 0)
    fail(operation, "first_index must not be negative, got ", options.first_index);
  if (options.first_index > most || count > most - options.first_index)
    fail(operation, "indices must stay below 2^40, got ", count, " from ", options.first_index);
  if (!(options.noise >= 0 && options.noise <= 10))
    fail(operation, "noise must be in [0, 10], got ", options.noise);
  if (!(options.unheard >= 0 && options.unheard <= 1))
    fail(operation, "unheard must be in [0, 1], got ", options.unheard);
}

Tensor to_tensor(const std::vector<std::int16_t>& samples) {
  Tensor result = Tensor::empty({static_cast<std::int64_t>(samples.size())});
  float* to = result.mutable_data<float>();
  for (const std::int16_t sample : samples) *to++ = static_cast<float>(sample) / 32768;
  return result;
}

}  // namespace

Clips speak_digits(std::int64_t count, const SpokenDigitOptions& options) {
  check(count, options);
  Clips clips;
  clips.rate = 8000;
  for (int digit = 0; digit < 10; ++digit) clips.classes.push_back(std::to_string(digit));
  clips.sounds.resize(static_cast<std::size_t>(count));
  clips.labels.resize(static_cast<std::size_t>(count));
  parallel_for(count, 16, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const detail::SpokenDigit spoken = detail::speak_digit(options.seed, options.first_index + i,
                                                             options.noise, options.unheard);
      clips.sounds[i] = to_tensor(spoken.samples);
      clips.labels[i] = spoken.digit;
    }
  });
  return clips;
}

double best_accuracy(const SpokenDigitOptions& options) {
  check(0, options);
  return 1 - 0.9 * options.unheard;
}

}  // namespace plumb::data
