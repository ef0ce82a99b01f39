#include <doctest/doctest.h>

#include <plumb/autograd/gradcheck.hpp>
#include <plumb/autograd/ops/arithmetic.hpp>
#include <plumb/autograd/ops/indexing.hpp>
#include <plumb/core/runtime/error.hpp>
#include <plumb/core/runtime/random.hpp>

using namespace plumb;

namespace {

Tensor random_source(const Shape& shape) {
  Tensor x = Tensor::empty(shape, DType::float64);
  Generator(1).fill_uniform(x, -1, 1);
  return x;
}

Tensor indices(const std::vector<std::int64_t>& values, const Shape& shape) {
  return Tensor::from(values, shape);
}

}  // namespace

TEST_CASE("gather: gradcheck along each axis, with repeated indices") {
  const auto check = [](int axis, const Tensor& index) {
    gradcheck(
        [&](const std::vector<Variable>& v) {
          const Variable y = gather(v[0], axis, index);
          return y * y;
        },
        {random_source({2, 3, 2})});
  };
  check(1, indices({2, 2, 0, 1, 2, 1, 0, 0}, {2, 2, 2}));
  check(0, indices({1, 0, 1, 1}, {2, 1, 2}));
  check(-1, indices({0, 0, 1}, {1, 3, 1}));
  check(1, Tensor::zeros({2, 0, 2}, DType::int64));
}

TEST_CASE("index_select: gradcheck along each axis, with repeated indices") {
  for (const int axis : {0, 1, -1})
    gradcheck(
        [&](const std::vector<Variable>& v) {
          const Variable y = index_select(v[0], axis, indices({1, 0, 1, 1}, {4}));
          return y * y + index_select(v[0] * 2, axis, indices({0}, {1}));
        },
        {random_source({2, 3, 2})});
}

TEST_CASE("gather, index_select: values and gradients") {
  Variable x = Variable::leaf(Tensor::from({1.f, 2.f, 3.f, 4.f, 5.f, 6.f}, {2, 3}));
  const Variable picked = gather(x, 1, indices({2, 0}, {2, 1}));
  CHECK(picked.value().to_vector<float>() == std::vector<float>{3, 4});
  picked.backward(Tensor::from({10.f, 20.f}, {2, 1}));
  CHECK(x.grad().to_vector<float>() == std::vector<float>{0, 0, 10, 20, 0, 0});
  x.zero_grad();
  const Variable rows = index_select(x, 0, indices({1, 1}, {2}));
  CHECK(rows.value().to_vector<float>() == std::vector<float>{4, 5, 6, 4, 5, 6});
  rows.backward(Tensor::ones({2, 3}));
  CHECK(x.grad().to_vector<float>() == std::vector<float>{0, 0, 0, 2, 2, 2});
}

TEST_CASE("index_select: an index that changed before backward is noticed") {
  const Variable x = Variable::leaf(Tensor::ones({3}));
  Tensor index = indices({0, 1}, {2});
  const Variable y = index_select(x, 0, index);
  index.fill(100);
  CHECK_THROWS_AS(y.backward(Tensor::ones({2})), Error);
}

TEST_CASE("indexing: bad arguments are named, before anything is read") {
  const Tensor x = Tensor::zeros({2, 3});
  CHECK_THROWS_WITH_AS(gather(x, 1, indices({0, 3}, {2, 1})),
                       "[gather] index 3 at element 1 is out of range [0, 3)", Error);
  CHECK_THROWS_WITH_AS(index_select(x, 0, indices({0, -1}, {2})),
                       "[index_select] index -1 at element 1 is out of range [0, 2)", Error);
  CHECK_THROWS_WITH_AS(index_select(Tensor::zeros({0, 3}), 0, indices({0}, {1})),
                       "[index_select] index 0 at element 0 is out of range [0, 0)", Error);
  CHECK_THROWS_WITH_AS(gather(x, 1, indices({0}, {1})),
                       "[gather] an index of shape [1] does not fit into [2, 3] beside axis 1",
                       Error);
  CHECK_THROWS_WITH_AS(gather(x, 1, Tensor::zeros({3, 1}, DType::int64)),
                       "[gather] an index of shape [3, 1] does not fit into [2, 3] beside axis 1",
                       Error);
  CHECK_THROWS_WITH_AS(gather(x, 1, Tensor::zeros({2, 1})),
                       "[gather] the index must be int64, got float32", Error);
  CHECK_THROWS_WITH_AS(index_select(x, 0, Tensor::zeros({1, 1}, DType::int64)),
                       "[index_select] the index must have rank 1, got shape [1, 1]", Error);
  CHECK_THROWS_WITH_AS(index_select(x, 2, indices({0}, {1})),
                       "[index_select] axis 2 is out of range [-2, 2)", Error);
}
