#include <doctest/doctest.h>

#include <plumb/data.hpp>

#include "support.hpp"

using namespace plumb;
using plumb::test::error_of;

TEST_CASE("LabelledImages: a dataset flat or with a channel, on the same memory") {
  const data::LabelledImages set{Tensor::full({4, 2, 3}, 255, DType::uint8),
                                 Tensor::from<std::uint8_t>({3, 2, 1, 0})};
  const auto flat = set.dataset();
  const Tensor x = flat->x();
  CHECK(x.raw() == set.images.raw());
  const data::Batch batch = flat->gather({1, 3});
  CHECK(batch.x.shape() == Shape{2, 6});
  CHECK(batch.x.dtype() == DType::float32);
  CHECK(batch.x.at({1, 5}) == 1);
  CHECK(batch.y.to_vector<std::int64_t>() == std::vector<std::int64_t>{2, 0});
  CHECK(set.dataset(data::ImageLayout::channels)->gather({0}).x.shape() == Shape{1, 1, 2, 3});
}

TEST_CASE("LabelledImages: options reach the batches") {
  const data::LabelledImages set{Tensor::full({1, 1, 1}, 51, DType::uint8),
                                 Tensor::from<std::uint8_t>({3})};
  data::ByteScaling scaling;
  scaling.mean = 0.5;
  scaling.deviation = 2;
  const auto x = set.dataset(data::ImageLayout::flat, scaling)->gather({0}).x;
  CHECK(x.at({0, 0}) == static_cast<float>((0.2 - 0.5) / 2));
}

TEST_CASE("in_layout: refuses what are no images") {
  CHECK(error_of([] {
          data::in_layout(Tensor::zeros({4, 2}), data::ImageLayout::flat);
        }) == "[in_layout] expected images [n, height, width], got [4, 2]");
}
