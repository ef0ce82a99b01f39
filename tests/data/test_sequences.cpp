#include <doctest/doctest.h>

#include <cmath>
#include <plumb/data.hpp>

#include "support.hpp"

using namespace plumb;
using plumb::test::contains;
using plumb::test::error_of;

namespace {

using Ids = std::vector<std::int64_t>;

// Sequence i has lengths[i] steps; step s is (100 i + s, 100 i + s + 0.5).
std::vector<Tensor> pairs(const Ids& lengths) {
  std::vector<Tensor> sequences;
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    Tensor x = Tensor::empty({lengths[i], 2});
    for (std::int64_t s = 0; s < lengths[i]; ++s)
      for (int k = 0; k < 2; ++k)
        x.mutable_data<float>()[2 * s + k] =
            static_cast<float>(100 * static_cast<double>(i) + static_cast<double>(s) + 0.5 * k);
    sequences.push_back(x);
  }
  return sequences;
}

data::SequenceOptions padded(std::int64_t steps = 0) {
  data::SequenceOptions options;
  options.padding = -1;
  options.steps = steps;
  return options;
}

}  // namespace

TEST_CASE("SequenceDataset: shorter samples are padded at the end, to the longest of the batch") {
  const data::SequenceDataset set(pairs({2, 0, 3, 1}), Tensor::from<std::uint8_t>({7, 8, 9, 255}),
                                  padded());
  CHECK(set.size() == 4);
  CHECK(set.lengths() == Ids{2, 0, 3, 1});
  const data::Batch batch = set.gather({3, 0, 1});
  CHECK(batch.x.shape() == Shape{3, 2, 2});
  CHECK(batch.x.to_vector<float>() ==
        std::vector<float>{300, 300.5, -1, -1, 0, 0.5, 1, 1.5, -1, -1, -1, -1});
  CHECK(batch.lengths.to_vector<std::int64_t>() == Ids{1, 2, 0});
  CHECK(batch.y.to_vector<std::int64_t>() == Ids{255, 7, 8});
  // All full: no lengths.
  CHECK(!set.gather({2, 2}).lengths.defined());
  CHECK(set.gather({2, 2}).x.shape() == Shape{2, 3, 2});
  CHECK(set.gather({}).x.shape() == Shape{0, 0, 2});
}

TEST_CASE("SequenceDataset: a number of steps of its own") {
  const data::SequenceDataset set(pairs({2, 3}), Tensor(), padded(4));
  const data::Batch batch = set.gather({1});
  CHECK(batch.x.shape() == Shape{1, 4, 2});
  CHECK(batch.lengths.to_vector<std::int64_t>() == Ids{3});
  CHECK(!batch.y.defined());
}

TEST_CASE("SequenceDataset: a target for every step") {
  data::SequenceOptions options = padded();
  options.padding = 0;
  options.target_padding = -100;
  const std::vector<Tensor> x = {Tensor::from(Ids{1, 2, 3}), Tensor::from(Ids{4})};
  const data::SequenceDataset set(x, {Tensor::from(Ids{2, 3, 4}), Tensor::from(Ids{5})}, options);
  const data::Batch batch = set.gather({1, 0});
  CHECK(batch.x.to_vector<std::int64_t>() == Ids{4, 0, 0, 1, 2, 3});
  CHECK(batch.y.to_vector<std::int64_t>() == Ids{5, -100, -100, 2, 3, 4});
  CHECK(batch.lengths.to_vector<std::int64_t>() == Ids{1, 3});
  CHECK(error_of([&] {
          data::SequenceDataset(x, {Tensor::from(Ids{2, 3}), Tensor::from(Ids{5})}, options);
        }) == "[SequenceDataset] sample 0 has 3 steps and targets for 2");
  options.target_padding = std::nullopt;
  CHECK(error_of([&] { data::SequenceDataset(x, x, options); }) ==
        "[SequenceDataset] y of sample 0 has 3 steps, of sample 1 1; name a value to pad with");
}

TEST_CASE("SequenceDataset: without padding unlike lengths are refused, with both") {
  CHECK(error_of([] {
          data::SequenceDataset(pairs({3, 3, 5}), Tensor());
        }) ==
        "[SequenceDataset] x of sample 0 has 3 steps, of sample 2 5; name a value to pad with");
  const data::SequenceDataset even(pairs({3, 3}), Tensor());
  CHECK(even.gather({1, 0}).x.at({0, 2, 1}) == 102.5);
  CHECK(!even.gather({1, 0}).lengths.defined());
  data::SequenceOptions longer;
  longer.steps = 4;
  CHECK(contains(error_of([&] {
                   data::SequenceDataset(pairs({3, 3}), Tensor(), longer);
                 }),
                 "x of sample 0 has 3 steps, a batch 4; name a value"));
}

TEST_CASE("SequenceDataset: refuses what makes no batch") {
  CHECK(error_of([] {
          data::SequenceDataset(pairs({2, 5}), Tensor(), padded(4));
        }) == "[SequenceDataset] x of sample 1 has 5 steps, more than the 4 of a batch");
  CHECK(contains(error_of([] { data::SequenceDataset(pairs({}), Tensor(), padded()); }),
                 "there are no sequences"));
  CHECK(error_of([] {
          data::SequenceDataset(pairs({1, 2}), Tensor::zeros({3}), padded());
        }) == "[SequenceDataset] there are 2 sequences, y is [3]");
  CHECK(error_of([] {
          data::SequenceDataset({Tensor::zeros({2, 3}), Tensor::zeros({2, 4})}, Tensor(), padded());
        }) == "[SequenceDataset] a step of x is [4] of float32 in sample 1, [3] of float32 before");
  CHECK(
      contains(error_of([] {
                 data::SequenceDataset({Tensor::zeros({2}), Tensor::arange(2)}, Tensor(), padded());
               }),
               "[] of int64 in sample 1"));
  CHECK(contains(error_of([] { data::SequenceDataset({Tensor()}, Tensor(), padded()); }),
                 "x of sample 0 has no axis of steps"));
  data::SequenceOptions half = padded();
  half.padding = 0.5;
  CHECK(contains(error_of([&] { data::SequenceDataset({Tensor::arange(2)}, Tensor(), half); }),
                 "a int64 tensor cannot hold 0.5"));
  CHECK(contains(error_of([] { data::SequenceDataset(pairs({1}), Tensor(), padded(-1)); }),
                 "steps must not be negative, got -1"));
  const data::SequenceDataset set(pairs({1}), Tensor());
  CHECK(error_of([&] { set.gather({1}); }) == "[SequenceDataset] sample 1 is out of range [0, 1)");
}

TEST_CASE("SequenceDataset: batches of a bucket sampler hold little padding, with threads too") {
  Generator random(1, Stream::data);
  Ids lengths;
  for (int i = 0; i < 203; ++i) lengths.push_back(1 + random.below(40));
  const auto set = std::make_shared<data::SequenceDataset>(pairs(lengths), Tensor(), padded());
  for (const int threads : {0, 2}) {
    data::LoaderOptions options;
    options.batch_size = 10;
    options.threads = threads;
    options.sampler = std::make_shared<data::BucketSampler>(set->lengths(), 10);
    data::DataLoader loader(set, options);
    std::int64_t steps = 0, own = 0;
    for (const data::Batch& batch : loader) {
      steps += batch.x.dim(0) * batch.x.dim(1);
      for (std::int64_t i = 0; i < batch.x.dim(0); ++i)
        own += batch.lengths.defined() ? static_cast<std::int64_t>(batch.lengths.at({i}))
                                       : batch.x.dim(1);
    }
    std::int64_t sum = 0;
    for (const std::int64_t length : lengths) sum += length;
    CHECK(own == sum);
    CHECK(steps < sum + sum / 10);
  }
}

TEST_CASE("pad_sequences: one tensor and the lengths") {
  const data::PaddedSequences batch = data::pad_sequences(pairs({1, 2}), 9);
  CHECK(batch.x.to_vector<float>() == std::vector<float>{0, 0.5, 9, 9, 100, 100.5, 101, 101.5});
  CHECK(batch.lengths.to_vector<std::int64_t>() == Ids{1, 2});
  const data::PaddedSequences even = data::pad_sequences({Tensor::arange(2), Tensor::arange(2)});
  CHECK(even.x.shape() == Shape{2, 2});
  CHECK(!even.lengths.defined());
  CHECK(data::pad_sequences({Tensor::arange(2)}, -1, 4).x.to_vector<std::int64_t>() ==
        Ids{0, 1, -1, -1});
  CHECK(std::isnan(data::pad_sequences({Tensor::zeros({0})}, NAN, 1).x.item()));
  CHECK(error_of([] {
          data::pad_sequences({Tensor::arange(2), Tensor::arange(3)});
        }) == "[pad_sequences] x of sample 0 has 2 steps, of sample 1 3; name a value to pad with");
}
