#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <plumb/autograd.hpp>
#include <plumb/core/tensor/hash.hpp>

#include "../../support/random.hpp"
#include "../../support/special_values.hpp"
#include "../../support/threads.hpp"

using namespace plumb;
using plumb::test::infinity;
using plumb::test::normal;
using plumb::test::not_a_number;

namespace {

constexpr SortOrder down = SortOrder::descending, up = SortOrder::ascending;

using Places = std::vector<std::int64_t>;

Places places(const Tensor& x) { return x.to_vector<std::int64_t>(); }

}  // namespace

TEST_CASE("sort, topk: gradcheck along each axis, in both orders") {
  for (const SortOrder order : {up, down})
    for (const int axis : {0, 1, 2, -1})
      gradcheck(
          [&](const std::vector<Variable>& v) {
            const Variable y = sort(v[0], axis, order).values;
            const Variable best = topk(v[0] * 2, 2, axis, order).values;
            return sum(y * y * y, axis) + sum(best * best, axis);
          },
          {normal({3, 4, 2})});
  for (const Shape& shape : {Shape{0}, Shape{1}, Shape{2, 0}})
    gradcheck([](const std::vector<Variable>& v) { return sort(v[0]).values; }, {normal(shape)});
}

TEST_CASE("sort, argsort: equal elements keep their order, NaN is the largest") {
  const Tensor x = Tensor::from({2., not_a_number, -0., 2., -infinity, 0., not_a_number, infinity});
  const auto [values, indices] = sort(x);
  CHECK(places(indices) == Places{4, 2, 5, 0, 3, 7, 1, 6});
  CHECK(values.value().at({0}) == -infinity);
  CHECK(std::signbit(values.value().at({1})));
  CHECK(std::isnan(values.value().at({6})));
  CHECK(places(argsort(x)) == places(indices));
  CHECK(places(argsort(x, 0, down)) == Places{1, 6, 7, 0, 3, 2, 5, 4});
  CHECK(places(argsort(x.to(DType::float32), 0, down)) == Places{1, 6, 7, 0, 3, 2, 5, 4});
  CHECK(places(topk(x, 3).indices) == Places{1, 6, 7});
  CHECK(places(topk(x, 3, 0, up).indices) == Places{4, 2, 5});
  const double minus_nan = std::copysign(not_a_number, -1);
  CHECK(places(argsort(Tensor::from({minus_nan, -1., not_a_number}))) == Places{1, 0, 2});
}

TEST_CASE("sort: of integers and bytes") {
  const Tensor whole = Tensor::from<std::int64_t>({3, INT64_MIN, -1, INT64_MAX, 3});
  CHECK(places(argsort(whole)) == Places{1, 2, 0, 4, 3});
  CHECK(places(argsort(whole, 0, down)) == Places{3, 0, 4, 2, 1});
  const Tensor bytes = Tensor::from({std::uint8_t{200}, std::uint8_t{0}, std::uint8_t{100}});
  const SortResult result = topk(bytes, 2);
  CHECK(result.values.value().to_vector<std::uint8_t>() == std::vector<std::uint8_t>{200, 100});
  CHECK(places(result.indices) == Places{0, 2});
}

TEST_CASE("sort, topk: values stand at their places, as the standard library has them") {
  const Tensor x = normal({7, 300}, DType::float32);
  const auto [values, indices] = sort(x, 1, down);
  CHECK(hash(gather(x, 1, indices).value()) == hash(values.value()));
  for (std::int64_t row = 0; row < 7; ++row) {
    std::vector<float> expected = x.rows(row, row + 1).to_vector<float>();
    std::sort(expected.begin(), expected.end(), std::greater<>());
    CHECK(values.value().rows(row, row + 1).to_vector<float>() == expected);
    const Tensor best = topk(x.rows(row, row + 1), 20).values.value();
    CHECK(best.to_vector<float>() == std::vector<float>(expected.begin(), expected.begin() + 20));
  }
  // Along the first axis the same as along the last of the transposed.
  const Tensor turned = transpose(x, 0, 1).value();
  CHECK(hash(transpose(sort(turned, 0, down).values, 0, 1).value()) == hash(values.value()));
}

TEST_CASE("topk: none, all, and the gradient of the others") {
  const Variable x = Variable::leaf(Tensor::from({3.f, 1.f, 4.f, 1.f}));
  CHECK(topk(x, 0).values.shape() == Shape{0});
  CHECK(places(topk(x, 4).indices) == Places{2, 0, 1, 3});
  topk(x, 2).values.backward(Tensor::from({10.f, 20.f}));
  CHECK(x.grad().to_vector<float>() == std::vector<float>{20, 0, 10, 0});
  CHECK(topk(Tensor::zeros({2, 0, 3}), 0, 1).values.shape() == Shape{2, 0, 3});
}

TEST_CASE("sort: the same bits for any number of threads") {
  for (const Shape& shape : {Shape{20'000}, Shape{300, 100}, Shape{5, 50, 70}}) {
    std::vector<std::uint64_t> found;
    for (const int threads : test::thread_counts()) {
      const test::Threads scope(threads);
      const Variable x = Variable::leaf(normal(shape, DType::float32));
      const SortResult y = sort(x, shape.rank() > 2 ? 1 : -1);
      y.values.backward(x.value());
      found.push_back(hash(x.grad(), hash(y.indices, hash(y.values.value()))));
    }
    CHECK(found == std::vector<std::uint64_t>(found.size(), found[0]));
  }
}

TEST_CASE("sort, argsort, topk: bad arguments are named; changed indices are noticed") {
  const Variable x = Variable::leaf(Tensor::ones({2, 3}));
  CHECK_THROWS_WITH_AS(sort(x, 2), "[sort] axis 2 is out of range [-2, 2)", Error);
  CHECK_THROWS_WITH_AS(argsort(x, -3), "[argsort] axis -3 is out of range [-2, 2)", Error);
  CHECK_THROWS_WITH_AS(topk(x, 1, 2), "[topk] axis 2 is out of range [-2, 2)", Error);
  CHECK_THROWS_WITH_AS(topk(x, 4), "[topk] k must be in [0, 3], got 4", Error);
  CHECK_THROWS_WITH_AS(topk(x, -1, 0), "[topk] k must be in [0, 2], got -1", Error);
  SortResult y = sort(x);
  y.indices.fill(100);
  CHECK_THROWS_AS(y.values.backward(Tensor::ones({2, 3})), Error);
}
