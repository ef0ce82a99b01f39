#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <plumb/core/tensor/hash.hpp>
#include <plumb/data.hpp>

#include "../../support/errors.hpp"
#include "../../support/threads.hpp"

using namespace plumb;
using data::Clips;
using data::speak_digits;
using data::SpokenDigitOptions;
using test::error_of;

namespace {

std::uint64_t bits(const Clips& clips) {
  std::uint64_t state = hash(Tensor::from(clips.labels));
  for (const Tensor& sound : clips.sounds) state = hash(sound, state);
  return state;
}

double loudest(const Tensor& x) {
  double most = 0;
  for (const float value : x.to_vector<float>()) most = std::max(most, std::abs(double{value}));
  return most;
}

}  // namespace

TEST_CASE("speak_digits: clips of all ten digits, neither silent nor cut off") {
  const Clips clips = speak_digits(300);
  CHECK(clips.rate == 8000);
  CHECK(clips.classes.size() == 10);
  std::vector<int> counts(10, 0);
  for (std::int64_t i = 0; i < clips.size(); ++i) {
    ++counts[clips.labels[i]];
    CHECK(clips.sounds[i].numel() >= 8000 * 0.3);
    CHECK(clips.sounds[i].numel() <= 8000 * 1.1);
    CHECK(loudest(clips.sounds[i]) > 0.001);
    CHECK(loudest(clips.sounds[i]) < 1);
  }
  for (const int count : counts) CHECK(count > 12);
}

TEST_CASE("speak_digits: a function of seed and index, for any threads and compiler") {
  SpokenDigitOptions options;
  options.seed = 3;
  std::uint64_t one;
  {
    const test::Threads threads(1);
    one = bits(speak_digits(40, options));
  }
  const test::Threads threads(3);
  CHECK(bits(speak_digits(40, options)) == one);
  CHECK(one == 6974328756037998879u);
  const Clips whole = speak_digits(40, options);
  options.first_index = 30;
  const Clips end = speak_digits(10, options);
  for (int i = 0; i < 10; ++i) {
    CHECK(end.labels[i] == whole.labels[30 + i]);
    CHECK(hash(end.sounds[i]) == hash(whole.sounds[30 + i]));
  }
  options.seed = 4;
  CHECK(hash(speak_digits(1, options).sounds[0]) != hash(end.sounds[0]));
  CHECK(speak_digits(0).size() == 0);
}

TEST_CASE("speak_digits: what is not heard is noise alone, and its label is a guess") {
  SpokenDigitOptions options;
  CHECK(data::best_accuracy(options) == doctest::Approx(0.991));
  options.unheard = 1;
  options.noise = 0;
  CHECK(data::best_accuracy(options) == doctest::Approx(0.1));
  const Clips mute = speak_digits(50, options);
  options.unheard = 0;
  const Clips clear = speak_digits(50, options);
  int same = 0;
  for (int i = 0; i < 50; ++i) {
    CHECK(loudest(mute.sounds[i]) == 0);
    CHECK(loudest(clear.sounds[i]) > 0);
    CHECK(mute.sounds[i].numel() == clear.sounds[i].numel());
    same += mute.labels[i] == clear.labels[i];
  }
  CHECK(same < 15);
  // A share of 1 %: of 2,000 clips 20, more or less.
  options.unheard = 0.01;
  int unheard = 0;
  const Clips some = speak_digits(2000, options);
  for (const Tensor& sound : some.sounds) unheard += loudest(sound) == 0;
  CHECK(unheard > 7);
  CHECK(unheard < 35);
}

TEST_CASE(
    "speak_digits: the digits differ: the nearest of a few means of features is mostly right") {
  SpokenDigitOptions options;
  options.unheard = 0;
  options.noise = 0;
  const LogMel mel;
  // Means of the features over five parts of a clip, less their mean.
  const auto describe = [&](const Tensor& sound) {
    const Tensor features = mel(sound);
    const std::int64_t frames = features.dim(0);
    std::vector<double> out(200);
    double mean = 0;
    for (std::int64_t part = 0; part < 5; ++part) {
      const std::int64_t begin = part * frames / 5, end = (part + 1) * frames / 5;
      for (std::int64_t t = begin; t < end; ++t)
        for (std::int64_t b = 0; b < 40; ++b)
          out[part * 40 + b] +=
              std::max(-4.0, features.at({t, b})) / static_cast<double>(end - begin);
    }
    for (const double value : out) mean += value / 200;
    for (double& value : out) value -= mean;
    return out;
  };
  const Clips train = speak_digits(400, options);
  options.first_index = 400;
  const Clips test = speak_digits(200, options);
  std::vector<std::vector<double>> means(10, std::vector<double>(200));
  std::vector<double> counts(10);
  for (int i = 0; i < 400; ++i) {
    const std::vector<double> one = describe(train.sounds[i]);
    for (int k = 0; k < 200; ++k) means[train.labels[i]][k] += one[k];
    ++counts[train.labels[i]];
  }
  int right = 0;
  for (int i = 0; i < 200; ++i) {
    const std::vector<double> one = describe(test.sounds[i]);
    std::int64_t nearest = 0;
    double least = 1e300;
    for (int digit = 0; digit < 10; ++digit) {
      double distance = 0;
      for (int k = 0; k < 200; ++k) {
        const double difference = one[k] - means[digit][k] / counts[digit];
        distance += difference * difference;
      }
      if (distance < least) nearest = digit;
      least = std::min(least, distance);
    }
    right += nearest == test.labels[i];
  }
  CHECK(right > 150);
}

TEST_CASE("speak_digits: options out of range are named") {
  const auto refusal = [](std::int64_t count, const SpokenDigitOptions& options) {
    return error_of([&] { speak_digits(count, options); });
  };
  CHECK(refusal(-1, {}) == "[speak_digits] count must not be negative, got -1");
  CHECK(refusal(1, {0, -1, 0, 0}) == "[speak_digits] first_index must not be negative, got -1");
  CHECK(refusal(2, {0, (std::int64_t{1} << 40) - 1, 0, 0}) ==
        "[speak_digits] indices must stay below 2^40, got 2 from 1099511627775");
  CHECK(refusal(1, {0, 0, -0.1, 0}) == "[speak_digits] noise must be in [0, 10], got -0.1");
  CHECK(refusal(1, {0, 0, 0, NAN}) == "[speak_digits] unheard must be in [0, 1], got nan");
}
