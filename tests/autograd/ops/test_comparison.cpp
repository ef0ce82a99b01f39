#include <doctest/doctest.h>

#include <plumb/autograd.hpp>

using namespace plumb;

namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes bytes(const Tensor& x) { return x.to_vector<std::uint8_t>(); }

}  // namespace

TEST_CASE("comparison: of variables, tensors and numbers, on either side") {
  const Variable x = Variable::leaf(Tensor::from({1.f, 2.f, 3.f}));
  const Tensor two = Tensor::scalar(2);
  CHECK(bytes(x < two) == Bytes{1, 0, 0});
  CHECK(bytes(x <= two) == Bytes{1, 1, 0});
  CHECK(bytes(x > two) == Bytes{0, 0, 1});
  CHECK(bytes(x >= two) == Bytes{0, 1, 1});
  CHECK(bytes(two < x) == Bytes{0, 0, 1});
  CHECK(bytes(two <= x) == Bytes{0, 1, 1});
  CHECK(bytes(two > x) == Bytes{1, 0, 0});
  CHECK(bytes(two >= x) == Bytes{1, 1, 0});
  CHECK(bytes(equal(x, two)) == Bytes{0, 1, 0});
  CHECK(bytes(not_equal(two, x)) == Bytes{1, 0, 1});
  CHECK(bytes(x > x) == Bytes{0, 0, 0});
  CHECK(bytes(x < 2) == Bytes{1, 0, 0});
  CHECK(bytes(x <= 2) == Bytes{1, 1, 0});
  CHECK(bytes(x > 2.0) == Bytes{0, 0, 1});
  CHECK(bytes(x >= 2.0f) == Bytes{0, 1, 1});
  CHECK(bytes(2 < x) == Bytes{0, 0, 1});
  CHECK(bytes(2 <= x) == Bytes{0, 1, 1});
  CHECK(bytes(2 > x) == Bytes{1, 0, 0});
  CHECK(bytes(2 >= x) == Bytes{1, 1, 0});
  CHECK(bytes(equal(x, 2)) == Bytes{0, 1, 0});
  CHECK(bytes(not_equal(x, 2)) == Bytes{1, 0, 1});
  CHECK(bytes(equal(2, x)) == Bytes{0, 1, 0});
  CHECK(bytes(not_equal(2, x)) == Bytes{1, 0, 1});
}

TEST_CASE("comparison: is a condition for where; what does not fit is named") {
  const Variable x = Variable::leaf(Tensor::from({-3.f, 4.f}));
  where(x > 0, x * 2, x / 2).backward(Tensor::ones({2}));
  CHECK(x.grad().to_vector<float>() == std::vector<float>{0.5, 2});
  CHECK_THROWS_WITH_AS(static_cast<void>(x < Tensor::ones({3})),
                       "[less] shapes do not broadcast: [2] and [3]", Error);
  CHECK_THROWS_AS(static_cast<void>(Variable() > 0), Error);
}
