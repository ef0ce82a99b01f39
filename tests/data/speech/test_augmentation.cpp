#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <plumb/core/tensor/hash.hpp>
#include <plumb/data.hpp>
#include <set>

#include "../../support/errors.hpp"
#include "../../support/random.hpp"

using namespace plumb;
using data::augmentation_generator;
using data::change_sound;
using data::FeatureMasks;
using data::mask_features;
using data::SoundChanges;
using test::error_of;

namespace {

Tensor ramp(std::int64_t n) { return Tensor::arange(n).to(DType::float32); }

double rms(const Tensor& x) {
  double sum = 0;
  for (const float value : x.to_vector<float>()) sum += double{value} * value;
  return std::sqrt(sum / static_cast<double>(x.numel()));
}

}  // namespace

TEST_CASE("augmentation_generator: another for each seed, epoch and index, and always the same") {
  std::set<std::uint64_t> first;
  for (const std::uint64_t seed : {0, 1})
    for (const std::int64_t epoch : {0, 1, 2})
      for (const std::int64_t index :
           {std::int64_t{0}, std::int64_t{1}, (std::int64_t{1} << 40) - 1})
        first.insert(augmentation_generator(seed, epoch, index).next());
  CHECK(first.size() == 18);
  CHECK(first.count(augmentation_generator(1, 2, 1).next()) == 1);
  CHECK(error_of([] { augmentation_generator(0, 0, std::int64_t{1} << 40); }) ==
        "[augmentation_generator] index must be in [0, 2^40), got 1099511627776");
  CHECK(error_of([] { augmentation_generator(0, -1, 0); }) ==
        "[augmentation_generator] epoch must not be negative, got -1");
}

TEST_CASE("change_sound: nothing asked for, nothing changed; the sound itself stays") {
  const Tensor x = test::normal({500}, DType::float32);
  const std::uint64_t before = hash(x);
  CHECK(hash(change_sound(x, {}, Generator(1))) == before);
  SoundChanges all{0.2, 50, 6, 0.5};
  const Tensor once = change_sound(x, all, Generator(1)),
               again = change_sound(x, all, Generator(1));
  CHECK(hash(once) == hash(again));
  CHECK(hash(once) != hash(change_sound(x, all, Generator(2))));
  CHECK(hash(x) == before);
  for (const std::int64_t n : {0, 1, 2}) CHECK_NOTHROW(change_sound(ramp(n), all, Generator(1)));
}

TEST_CASE("change_sound: speed changes the length and goes along the sound") {
  SoundChanges changes;
  changes.speed = 0.5;
  std::int64_t shortest = 2000, longest = 0;
  for (int seed = 0; seed < 50; ++seed) {
    const Tensor y = change_sound(ramp(1000), changes, Generator(seed));
    shortest = std::min(shortest, y.numel());
    longest = std::max(longest, y.numel());
    // Interpolating a straight line gives one.
    const double step = y.data<float>()[1];
    CHECK(y.data<float>()[y.numel() - 1] ==
          doctest::Approx(step * static_cast<double>(y.numel() - 1)).epsilon(1e-5));
    CHECK(std::abs(static_cast<double>(y.numel()) * step - 999) <= step);
  }
  CHECK(shortest < 750);
  CHECK(shortest >= 667);
  CHECK(longest > 1600);
  CHECK(longest <= 1999);
}

TEST_CASE("change_sound: a shift moves, loses one end and leaves silence at the other") {
  SoundChanges changes;
  changes.shift = 4;
  std::set<std::vector<float>> seen;
  for (int seed = 0; seed < 200; ++seed)
    seen.insert(
        change_sound(Tensor::from<float>({1, 2, 3}), changes, Generator(seed)).to_vector<float>());
  CHECK(seen == std::set<std::vector<float>>{
                    {0, 0, 0}, {0, 0, 1}, {0, 1, 2}, {1, 2, 3}, {2, 3, 0}, {3, 0, 0}});
}

TEST_CASE("change_sound: gain in decibels, noise by the sound's own level") {
  const Tensor x = test::normal({20'000}, DType::float32);
  SoundChanges louder, noisy;
  louder.gain = 20;
  noisy.noise = 0.5;
  double least = 1e9, most = 0, noisiest = 0;
  for (int seed = 0; seed < 40; ++seed) {
    const double factor = rms(change_sound(x, louder, Generator(seed))) / rms(x);
    least = std::min(least, factor);
    most = std::max(most, factor);
    Tensor difference = change_sound(x, noisy, Generator(seed)).clone();
    for (std::int64_t i = 0; i < x.numel(); ++i)
      difference.mutable_data<float>()[i] -= x.data<float>()[i];
    noisiest = std::max(noisiest, rms(difference) / rms(x));
  }
  CHECK(least >= 0.0999);
  CHECK(least < 0.2);
  CHECK(most <= 10.001);
  CHECK(most > 5);
  CHECK(noisiest < 0.51);
  CHECK(noisiest > 0.4);
  CHECK(hash(change_sound(Tensor::zeros({100}), noisy, Generator(1))) ==
        hash(Tensor::zeros({100})));
}

TEST_CASE("mask_features: runs of frames and bands have the mean, everything else stays") {
  const Tensor x = test::normal({50, 12}, DType::float32);
  double mean = 0;
  for (const float value : x.to_vector<float>()) mean += value;
  mean /= 600;
  FeatureMasks masks;
  masks.time_masks = 1;
  masks.time_width = 30;
  masks.time_share = 0.4;
  masks.band_masks = 1;
  masks.band_width = 5;
  std::int64_t widest_time = 0, widest_band = 0;
  for (int seed = 0; seed < 200; ++seed) {
    const Tensor y = mask_features(x, masks, Generator(seed));
    std::set<std::int64_t> frames, bands;
    std::int64_t masked = 0;
    for (std::int64_t t = 0; t < 50; ++t)
      for (std::int64_t b = 0; b < 12; ++b) {
        if (y.at({t, b}) == x.at({t, b})) continue;
        CHECK(y.at({t, b}) == doctest::Approx(mean).epsilon(1e-6));
        ++masked;
      }
    const auto is_masked = [&](std::int64_t t, std::int64_t b) {
      return y.at({t, b}) != x.at({t, b});
    };
    for (std::int64_t t = 0; t < 50; ++t) {
      bool all = true;
      for (std::int64_t b = 0; b < 12; ++b) all = all && is_masked(t, b);
      if (all) frames.insert(t);
    }
    for (std::int64_t b = 0; b < 12; ++b) {
      bool all = true;
      for (std::int64_t t = 0; t < 50; ++t) all = all && is_masked(t, b);
      if (all) bands.insert(b);
    }
    const auto f = static_cast<std::int64_t>(frames.size()),
               c = static_cast<std::int64_t>(bands.size());
    CHECK(masked == f * 12 + c * 50 - f * c);
    if (f > 0) CHECK(*frames.rbegin() - *frames.begin() + 1 == f);
    if (c > 0) CHECK(*bands.rbegin() - *bands.begin() + 1 == c);
    widest_time = std::max(widest_time, f);
    widest_band = std::max(widest_band, c);
  }
  CHECK(widest_time == 20);  // 0.4 of the frames, though 30 were allowed
  CHECK(widest_band == 5);
  CHECK(mask_features(Tensor::zeros({0, 12}), masks, Generator(1)).shape() == Shape{0, 12});
}

TEST_CASE("augmentation: options out of range and other inputs are named") {
  const auto sound = [](SoundChanges c) { return error_of([&] { c.check(); }); };
  CHECK(sound({0.6, 0, 0, 0}) == "[SoundChanges] speed must be in [0, 0.5], got 0.6");
  CHECK(sound({0, -1, 0, 0}) == "[SoundChanges] shift must be in [0, 2^40], got -1");
  CHECK(sound({0, 0, NAN, 0}) == "[SoundChanges] gain must be in [0, 100] dB, got nan");
  CHECK(sound({0, 0, 0, -1}) == "[SoundChanges] noise must be finite and not negative, got -1");
  const auto masks = [](FeatureMasks m) { return error_of([&] { m.check(); }); };
  CHECK(masks({101, 1, 0.2, 0, 0}) == "[FeatureMasks] time_masks must be in [0, 100], got 101");
  CHECK(masks({1, 1, 1.5, 0, 0}) == "[FeatureMasks] time_share must be in [0, 1], got 1.5");
  CHECK(test::contains(masks({1, 1, 0.2, 1, -3}), "band_width must be in [0, "));
  CHECK(error_of([] {
          change_sound(Tensor::zeros({2, 2}), {}, Generator(1));
        }) == "[change_sound] expected float32 [n], got float32 [2, 2]");
  CHECK(error_of([] { mask_features(Tensor::zeros({3}), {}, Generator(1)); }) ==
        "[mask_features] expected float32 [frames, bands], got float32 [3]");
}
