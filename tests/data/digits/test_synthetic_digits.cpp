#include <doctest/doctest.h>

#include <cmath>
#include <plumb/core/tensor/hash.hpp>
#include <plumb/data.hpp>

#include "../../support/threads.hpp"
#include "../support.hpp"

using namespace plumb;
using plumb::test::contains;
using plumb::test::error_of;

namespace {

data::DigitOptions from(std::int64_t first, std::uint64_t seed = 0, double difficulty = 0.5) {
  data::DigitOptions options;
  options.seed = seed;
  options.difficulty = difficulty;
  options.first_index = first;
  return options;
}

}  // namespace

TEST_CASE("draw_digits: the same on every machine, compiler and version") {
  const data::LabelledImages set = data::draw_digits(500);
  CHECK(set.images.shape() == Shape{500, 28, 28});
  CHECK(set.labels.rows(0, 10).to_vector<std::uint8_t>() ==
        std::vector<std::uint8_t>{2, 0, 2, 1, 8, 9, 4, 2, 2, 0});
  CHECK(hash(set.labels) == 15303219435463363265u);
  CHECK(hash(set.images) == 2513661822060431876u);
}

TEST_CASE("draw_digits: a sample is a function of seed and index, for any number of threads") {
  const data::LabelledImages all = data::draw_digits(300);
  for (const int threads : {1, 3}) {
    const test::Threads scope(threads);
    const data::LabelledImages part = data::draw_digits(200, from(100));
    CHECK(hash(part.images) == hash(all.images.rows(100, 300)));
    CHECK(hash(part.labels) == hash(all.labels.rows(100, 300)));
  }
  CHECK(hash(data::draw_digits(300, from(0, 1)).images) != hash(all.images));
  CHECK(data::draw_digits(0).images.shape() == Shape{0, 28, 28});
  CHECK(data::draw_digits(1, from((std::int64_t{1} << 47) - 1)).images.dim(0) == 1);
}

TEST_CASE("draw_digits: all digits occur about as often, in ink on clean paper") {
  const data::LabelledImages set = data::draw_digits(2000);
  std::vector<int> counts(10);
  for (const std::uint8_t label : set.labels.to_vector<std::uint8_t>()) ++counts.at(label);
  for (const int count : counts) CHECK((count > 150 && count < 250));
  double sum = 0;
  for (std::int64_t i = 0; i < 2000; ++i) {
    const Tensor image = set.images.rows(i, i + 1);
    int dark = 0;
    for (const std::uint8_t grey : image.to_vector<std::uint8_t>()) {
      sum += grey / 255.0;
      dark += grey > 127;
    }
    CHECK((dark > 10 && dark < 400));
  }
  CHECK(sum / (2000 * 784) == doctest::Approx(0.13).epsilon(0.15));  // MNIST: 0.1307
}

TEST_CASE("draw_digits: difficulty changes how they are written, not which they are") {
  const data::LabelledImages easy = data::draw_digits(200, from(0, 0, 0)),
                             hard = data::draw_digits(200, from(0, 0, 1));
  CHECK(hash(easy.labels) == hash(hard.labels));
  // The easiest are all alike but for the style and the darkness of the ink.
  const auto spread = [](const data::LabelledImages& set) {
    double squares = 0;
    std::vector<double> mean(784);
    std::vector<Tensor> ones;
    for (std::int64_t i = 0; i < 200; ++i)
      if (set.labels.at({i}) == 1) ones.push_back(set.images.rows(i, i + 1).reshape({784}));
    for (const Tensor& x : ones)
      for (std::int64_t p = 0; p < 784; ++p)
        mean[p] += x.at({p}) / static_cast<double>(ones.size());
    for (const Tensor& x : ones)
      for (std::int64_t p = 0; p < 784; ++p) squares += std::pow(x.at({p}) - mean[p], 2);
    return std::sqrt(squares / static_cast<double>(ones.size()));
  };
  CHECK(spread(easy) < 0.7 * spread(hard));
}

TEST_CASE("SyntheticDigits: cached and drawn on demand are the same, in either layout") {
  data::DigitDelivery lazy;
  lazy.cached = false;
  const data::SyntheticDigits cached(40, from(7)), drawn(40, from(7), lazy);
  CHECK(drawn.size() == 40);
  const data::Batch a = cached.gather({3, 39, 3}), b = drawn.gather({3, 39, 3});
  CHECK(a.x.shape() == Shape{3, 784});
  CHECK(a.x.to_vector<float>() == b.x.to_vector<float>());
  CHECK(a.y.to_vector<std::int64_t>() == b.y.to_vector<std::int64_t>());
  lazy.layout = data::ImageLayout::channels;
  lazy.scaling.dtype = DType::float64;
  const data::Batch c = data::SyntheticDigits(40, from(7), lazy).gather({0, 1});
  CHECK(c.x.shape() == Shape{2, 1, 28, 28});
  CHECK(c.x.dtype() == DType::float64);
}

TEST_CASE("SyntheticDigits: loader threads draw an endless set the same") {
  data::DigitDelivery lazy;
  lazy.cached = false;
  const auto endless =
      std::make_shared<data::SyntheticDigits>(std::int64_t{1} << 40, from(0), lazy);
  std::vector<std::vector<float>> first;
  for (const int threads : {0, 3}) {
    data::LoaderOptions options;
    options.batch_size = 10;
    options.threads = threads;
    data::DataLoader loader(endless, options);
    std::vector<std::vector<float>> batches;
    for (const data::Batch& batch : loader) {
      batches.push_back(batch.x.to_vector<float>());
      if (batches.size() == 8) break;
    }
    if (threads == 0) first = batches;
    CHECK(batches == first);
  }
}

TEST_CASE("SyntheticDigits: refuses options out of range") {
  const auto refusal = [](std::int64_t count, const data::DigitOptions& options) {
    const std::string drawn = error_of([&] { data::draw_digits(count, options); });
    CHECK(error_of([&] { data::SyntheticDigits(count, options); }) == drawn);
    return drawn;
  };
  CHECK(refusal(-1, {}) == "[SyntheticDigits] count must not be negative, got -1");
  CHECK(refusal(1, from(0, 0, 1.5)) == "[SyntheticDigits] difficulty must be in [0, 1], got 1.5");
  CHECK(contains(refusal(1, from(0, 0, std::nan(""))), "got nan"));
  CHECK(refusal(1, from(-1)) == "[SyntheticDigits] first_index must not be negative, got -1");
  CHECK(refusal(1, from(std::int64_t{1} << 47)) ==
        "[SyntheticDigits] indices must stay below 2^47, got 1 from 140737488355328");
  CHECK(contains(refusal(INT64_MAX, from(INT64_MAX)), "below 2^47"));
  CHECK(error_of([] { data::SyntheticDigits(3).gather({3}); }) ==
        "[SyntheticDigits] sample 3 is out of range [0, 3)");
  data::DigitDelivery lazy;
  lazy.cached = false;
  CHECK(error_of([&] { data::SyntheticDigits(3, {}, lazy).gather({3}); }) ==
        "[SyntheticDigits] sample 3 is out of range [0, 3)");
  lazy.scaling.deviation = 0;
  CHECK(contains(error_of([&] { data::SyntheticDigits(3, {}, lazy); }), "deviation"));
}
