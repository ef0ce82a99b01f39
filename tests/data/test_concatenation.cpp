#include <doctest/doctest.h>

#include <plumb/data.hpp>

#include "support.hpp"

using namespace plumb;
using plumb::test::contains;
using plumb::test::error_of;

namespace {

using Parts = std::vector<std::shared_ptr<const data::Dataset>>;

std::shared_ptr<const data::Dataset> pairs(std::int64_t first, std::int64_t n) {
  Tensor x = Tensor::empty({n, 2}), y = Tensor::empty({n}, DType::int64);
  for (std::int64_t i = 0; i < n; ++i) {
    y.mutable_data<std::int64_t>()[i] = first + i;
    for (int k = 0; k < 2; ++k)
      x.mutable_data<float>()[2 * i + k] = static_cast<float>(10 * (first + i) + k);
  }
  return std::make_shared<data::TensorDataset>(x, y);
}

}  // namespace

TEST_CASE("Concatenation: samples follow one another, in any mixture") {
  const data::Concatenation all(Parts{pairs(0, 3), pairs(0, 0), pairs(3, 4)});
  CHECK(all.size() == 7);
  const data::Batch mixed = all.gather({6, 0, 3, 2, 6});
  CHECK(mixed.y.to_vector<std::int64_t>() == std::vector<std::int64_t>{6, 0, 3, 2, 6});
  CHECK(mixed.x.to_vector<float>() == std::vector<float>{60, 61, 0, 1, 30, 31, 20, 21, 60, 61});
  CHECK(all.gather({5, 4}).y.to_vector<std::int64_t>() == std::vector<std::int64_t>{5, 4});
  CHECK(all.gather({}).x.shape() == Shape{0, 2});
}

TEST_CASE("Concatenation: keeps the lengths of sequences") {
  data::SequenceOptions padded;
  padded.padding = 0;
  padded.steps = 3;
  const auto sequences = [&](std::vector<std::int64_t> lengths) {
    std::vector<Tensor> x;
    for (const std::int64_t length : lengths) x.push_back(Tensor::arange(length));
    return std::make_shared<data::SequenceDataset>(x, Tensor(), padded);
  };
  const data::Concatenation all(Parts{sequences({3, 3}), sequences({1, 2}), sequences({3})});
  CHECK(all.gather({4, 2, 0, 3}).lengths.to_vector<std::int64_t>() ==
        std::vector<std::int64_t>{3, 1, 3, 2});
  CHECK(all.gather({2, 3}).lengths.to_vector<std::int64_t>() == std::vector<std::int64_t>{1, 2});
  CHECK(!all.gather({1, 4}).lengths.defined());
}

TEST_CASE("Concatenation: refuses parts whose samples differ") {
  const auto wide = std::make_shared<data::TensorDataset>(Tensor::zeros({2, 3}),
                                                          Tensor::zeros({2}, DType::int64));
  CHECK(error_of([&] {
          data::Concatenation(Parts{pairs(0, 3), wide});
        }) ==
        "[Concatenation] a sample's x is [1, 3] of float32 in part 1, [1, 2] of float32 before");
  const auto bare = std::make_shared<data::TensorDataset>(Tensor::zeros({2, 2}), Tensor());
  CHECK(error_of([&] {
          data::Concatenation(Parts{pairs(0, 3), bare});
        }) == "[Concatenation] a sample's y is none in part 1, [1] of int64 before");
}

TEST_CASE("Concatenation: refuses nothing, null and indices out of range") {
  CHECK(contains(error_of([] { data::Concatenation(Parts{}); }), "at least one"));
  CHECK(contains(error_of([] {
                   data::Concatenation(Parts{pairs(0, 1), nullptr});
                 }),
                 "dataset 1 is null"));
  CHECK(error_of([] { data::Concatenation(Parts{pairs(0, 2)}).gather({2}); }) ==
        "[Concatenation] sample 2 is out of range [0, 2)");
}
