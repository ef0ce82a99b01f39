#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <plumb/data.hpp>

#include "support.hpp"

using namespace plumb;
using plumb::test::contains;
using plumb::test::error_of;

namespace {

Tensor all_bytes() {
  Tensor bytes = Tensor::empty({64, 2, 2}, DType::uint8);
  for (int i = 0; i < 256; ++i)
    bytes.mutable_data<std::uint8_t>()[i] = static_cast<std::uint8_t>(i);
  return bytes;
}

}  // namespace

TEST_CASE("TensorDataset: gathers rows in the order of the indices, repeats included") {
  const data::TensorDataset set(Tensor::from<float>({0, 1, 10, 11, 20, 21}, {3, 2}),
                                Tensor::from<std::int64_t>({5, 6, 7}));
  CHECK(set.size() == 3);
  const data::Batch batch = set.gather({2, 0, 2});
  CHECK(batch.x.shape() == Shape{3, 2});
  CHECK(batch.x.to_vector<float>() == std::vector<float>{20, 21, 0, 1, 20, 21});
  CHECK(batch.y.to_vector<std::int64_t>() == std::vector<std::int64_t>{7, 5, 7});
}

TEST_CASE("TensorDataset: many rows, longer than what is fetched ahead") {
  constexpr std::int64_t n = 40, width = 3001;
  const Tensor x = Tensor::arange(n * width, DType::float64).reshape({n, width});
  const data::TensorDataset set(x, {});
  std::vector<std::int64_t> order;
  for (std::int64_t i = 0; i < n; ++i) order.push_back((i * 7) % n);
  const data::Batch batch = set.gather(order);
  for (std::int64_t i = 0; i < n; ++i) {
    CHECK(batch.x.at({i, 0}) == order[i] * width);
    CHECK(batch.x.at({i, width - 1}) == order[i] * width + width - 1);
  }
  CHECK_FALSE(batch.y.defined());
}

TEST_CASE("TensorDataset: bytes become the nearest float of byte / 255") {
  const data::TensorDataset set(all_bytes(), {});
  std::vector<std::int64_t> all(64);
  for (int i = 0; i < 64; ++i) all[i] = i;
  const data::Batch batch = set.gather(all);
  CHECK(batch.x.shape() == Shape{64, 2, 2});
  for (int i = 0; i < 256; ++i) CHECK(batch.x.data<float>()[i] == static_cast<float>(i) / 255.0f);
}

TEST_CASE("TensorDataset: bytes are standardized, widened or left as they are") {
  data::ByteScaling scaling;
  scaling.mean = 0.1307;
  scaling.deviation = 0.3081;
  const data::Batch standard = data::TensorDataset(all_bytes(), {}, scaling).gather({1});
  CHECK(standard.x.at({0, 0, 1}) == static_cast<float>((5 / 255.0 - 0.1307) / 0.3081));
  scaling.dtype = DType::float64;
  const data::Batch wide = data::TensorDataset(all_bytes(), {}, scaling).gather({1});
  CHECK(wide.x.at({0, 0, 1}) == (5 / 255.0 - 0.1307) / 0.3081);
  scaling = {};
  scaling.dtype = DType::uint8;
  const data::Batch bytes = data::TensorDataset(all_bytes(), {}, scaling).gather({1, 0});
  CHECK(bytes.x.to_vector<std::uint8_t>() == std::vector<std::uint8_t>{4, 5, 6, 7, 0, 1, 2, 3});
}

TEST_CASE("TensorDataset: byte labels arrive as int64, other targets as they are") {
  const Tensor x = Tensor::zeros({2, 3});
  const auto y = [&](const Tensor& targets) {
    return data::TensorDataset(x, targets).gather({1}).y;
  };
  const Tensor labels = y(Tensor::from<std::uint8_t>({3, 255}));
  CHECK(labels.to_vector<std::int64_t>() == std::vector<std::int64_t>{255});
  const Tensor targets = y(Tensor::from<double>({1, 2, 3, 4}, {2, 2}));
  CHECK(targets.shape() == Shape{1, 2});
  CHECK(targets.to_vector<double>() == std::vector<double>{3, 4});
}

TEST_CASE("TensorDataset: empty sets and empty batches keep their row shapes") {
  const data::TensorDataset none(Tensor::zeros({0, 4}), Tensor::zeros({0}, DType::uint8));
  CHECK(none.size() == 0);
  CHECK(none.gather({}).x.shape() == Shape{0, 4});
  CHECK(none.gather({}).y.dtype() == DType::int64);
  const data::TensorDataset hollow(Tensor::zeros({3, 0}), {});
  CHECK(hollow.gather({2, 1}).x.shape() == Shape{2, 0});
}

TEST_CASE("TensorDataset: refuses features and targets of different lengths") {
  CHECK(error_of([] {
          data::TensorDataset(Tensor::zeros({3, 2}), Tensor::zeros({4}));
        }) == "[TensorDataset] x and y differ in length: [3, 2] and [4]");
  CHECK(contains(error_of([] { data::TensorDataset(Tensor::zeros({3}), Tensor::scalar(1)); }),
                 "differ in length: [3] and []"));
  CHECK(contains(error_of([] { data::TensorDataset({}, {}); }), "x is undefined"));
  CHECK(contains(error_of([] { data::TensorDataset(Tensor::scalar(1), {}); }), "got a scalar"));
}

TEST_CASE("TensorDataset: refuses an index out of range before reading") {
  const data::TensorDataset set(Tensor::zeros({3, 2}), {});
  CHECK(error_of([&] { set.gather({0, 3}); }) == "[TensorDataset] sample 3 is out of range [0, 3)");
  CHECK(contains(error_of([&] { set.gather({-1}); }), "sample -1"));
}

TEST_CASE("ByteScaling: refuses options out of range, and what would have no effect") {
  const auto refusal = [](DType features, data::ByteScaling scaling) {
    return error_of([&] { data::TensorDataset(Tensor::zeros({2}, features), {}, scaling); });
  };
  data::ByteScaling scaling;
  scaling.deviation = 0;
  CHECK(refusal(DType::uint8, scaling) ==
        "[TensorDataset] deviation must be finite and > 0, got 0");
  scaling.deviation = std::nan("");
  CHECK(contains(refusal(DType::uint8, scaling), "got nan"));
  scaling = {};
  scaling.mean = std::numeric_limits<double>::infinity();
  CHECK(contains(refusal(DType::uint8, scaling), "mean must be finite, got inf"));
  scaling.mean = 0.5;
  CHECK(refusal(DType::float32, scaling) ==
        "[TensorDataset] only uint8 features are scaled, x is float32");
  scaling.dtype = DType::uint8;
  CHECK(contains(refusal(DType::uint8, scaling), "need a floating-point dtype"));
  scaling = {};
  scaling.dtype = DType::int64;
  CHECK(contains(refusal(DType::uint8, scaling), "got int64"));
}
