#include <doctest/doctest.h>

#include <cmath>
#include <plumb/autograd.hpp>
#include <plumb/core/tensor/hash.hpp>

#include "../../support/random.hpp"
#include "../../support/special_values.hpp"
#include "../../support/threads.hpp"

using namespace plumb;
using plumb::test::infinity;
using plumb::test::normal;

TEST_CASE("cumsum: gradcheck along each axis, also of nothing and of one") {
  for (const Shape& shape : {Shape{2, 3, 4}, Shape{1, 1, 1}, Shape{2, 0, 3}, Shape{3, 2, 0}})
    for (const int axis : {0, 1, 2, -1})
      gradcheck(
          [axis](const std::vector<Variable>& v) {
            return cumsum(v[0], axis) * cumsum(v[0] * 2, axis);
          },
          {normal(shape)});
}

TEST_CASE("cumsum: values of every type; the sum is wider than the elements") {
  const Tensor x = Tensor::from({1, 2, 3, 4, 5, 6}, {2, 3});
  CHECK(cumsum(x, 0).value().to_vector<std::int64_t>() ==
        std::vector<std::int64_t>{1, 2, 3, 5, 7, 9});
  CHECK(cumsum(x, -1).value().to_vector<std::int64_t>() ==
        std::vector<std::int64_t>{1, 3, 6, 4, 9, 15});
  const Variable bytes = cumsum(Tensor::full({3}, 200, DType::uint8), 0);
  CHECK(bytes.value().to_vector<std::int64_t>() == std::vector<std::int64_t>{200, 400, 600});
  CHECK(cumsum(Tensor::from({INT64_MAX, std::int64_t{1}}), 0).value().at({1}) == -0x1p63);
  const std::int64_t n = 1 << 17;
  const Variable small = cumsum(Tensor::full({n}, 0.1), 0);
  CHECK(small.value().at({n - 1}) == doctest::Approx(0.1F * n).epsilon(1e-7));
  // 2^24 + 1 is no float32: it is passed over, not stuck at.
  Tensor large = Tensor::ones({5});
  large.mutable_data<float>()[0] = 0x1p24F;
  CHECK(cumsum(large, 0).value().at({4}) == 0x1p24 + 4);
}

TEST_CASE("cumsum: NaN and infinity go on from where they stand") {
  const std::vector<double> y =
      cumsum(Tensor::from({1., infinity, 1., -infinity, 1.}), 0).value().to_vector<double>();
  CHECK(std::vector<double>(y.begin(), y.begin() + 3) ==
        std::vector<double>{1, infinity, infinity});
  CHECK(std::isnan(y[3]));
  CHECK(std::isnan(y[4]));
}

TEST_CASE("cumsum: the same bits for any number of threads") {
  for (const Shape& shape : {Shape{70'000}, Shape{3, 40, 1100}, Shape{500, 300}}) {
    std::vector<std::uint64_t> found;
    for (const int threads : test::thread_counts()) {
      const test::Threads scope(threads);
      const Variable x = Variable::leaf(normal(shape, DType::float32));
      const Variable y = cumsum(x, shape.rank() > 2 ? 1 : 0);
      y.backward(x.value());
      found.push_back(hash(x.grad(), hash(y.value())));
    }
    CHECK(found == std::vector<std::uint64_t>(found.size(), found[0]));
  }
}

TEST_CASE("cumsum: an axis out of range is named") {
  CHECK_THROWS_WITH_AS(cumsum(Tensor::ones({2, 3}), 2), "[cumsum] axis 2 is out of range [-2, 2)",
                       Error);
  CHECK_THROWS_AS(cumsum(Tensor::scalar(1), 0), Error);
}
