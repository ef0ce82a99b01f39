#include <doctest/doctest.h>

#include <plumb/autograd.hpp>
#include <plumb/core/runtime/random.hpp>
#include <plumb/core/tensor/hash.hpp>

using namespace plumb;

namespace {

Tensor random_matrix(const Shape& shape, std::uint64_t seed) {
  Tensor x = Tensor::empty(shape, DType::float64);
  Generator(seed).fill_uniform(x, -1, 1);
  return x;
}

// [..., m, k] as it stands or transposed.
Shape stored(Shape shape, Transpose t) {
  const int r = shape.rank();
  if (t == Transpose::yes) std::swap(shape[r - 2], shape[r - 1]);
  return shape;
}

}  // namespace

TEST_CASE("matmul: gradcheck of every transpose, plain, batched and broadcast") {
  for (const Transpose ta : {Transpose::no, Transpose::yes})
    for (const Transpose tb : {Transpose::no, Transpose::yes})
      for (const auto& [a, b] : {std::pair<Shape, Shape>{{2, 3}, {3, 4}},
                                 {{2, 2, 3}, {3, 4}},
                                 {{2, 2, 3}, {2, 3, 4}},
                                 {{2, 3}, {2, 3, 4}},
                                 {{2, 1, 2, 3}, {3, 3, 2}}})
        gradcheck([=](const std::vector<Variable>& v) { return matmul(v[0], v[1], ta, tb); },
                  {random_matrix(stored(a, ta), 1), random_matrix(stored(b, tb), 2)});
}

TEST_CASE("linear: gradcheck with and without bias, of any leading axes") {
  for (const Shape& x : {Shape{4, 3}, Shape{3}, Shape{2, 2, 3}}) {
    gradcheck([](const std::vector<Variable>& v) { return linear(v[0], v[1], v[2]); },
              {random_matrix(x, 1), random_matrix({2, 3}, 2), random_matrix({2}, 3)});
    gradcheck([](const std::vector<Variable>& v) { return linear(v[0], v[1]); },
              {random_matrix(x, 1), random_matrix({2, 3}, 2)});
  }
}

TEST_CASE("linear_relu: gradcheck, and the bits of a ReLU behind linear") {
  for (const Shape& shape : {Shape{5, 3}, Shape{3}, Shape{2, 9, 3}}) {
    const std::vector<Tensor> at = {random_matrix(shape, 1), random_matrix({6, 3}, 2),
                                    random_matrix({6}, 3)};
    gradcheck([](const std::vector<Variable>& v) { return linear_relu(v[0], v[1], v[2]); }, at);
    gradcheck([](const std::vector<Variable>& v) { return linear_relu(v[0], v[1]); },
              {at[0], at[1]});
    std::vector<std::uint64_t> hashes[2];
    for (const bool fused : {false, true}) {
      std::vector<Variable> v;
      for (const Tensor& x : at) v.push_back(Variable::leaf(x.to(DType::float32)));
      const Variable y = fused ? linear_relu(v[0], v[1], v[2]) : relu(linear(v[0], v[1], v[2]));
      sum(y * y).backward();
      hashes[fused] = {hash(y.value())};
      for (const Variable& x : v) hashes[fused].push_back(hash(x.grad()));
    }
    CHECK(hashes[0] == hashes[1]);
  }
}

TEST_CASE("linear_relu: a gradient that somebody holds stays as it is") {
  const Variable w = Variable::leaf(Tensor::from({1.F, -1.F}, {2, 1}));
  const Tensor seed = Tensor::ones({1, 2});
  Tensor seen;
  Variable y = linear_relu(Tensor::ones({1, 1}), w);
  y.register_hook([&](const Tensor& g) {
    seen = g;
    return Tensor();
  });
  y.backward(seed);
  CHECK(seed.to_vector<float>() == std::vector<float>{1, 1});
  CHECK(seen.to_vector<float>() == std::vector<float>{1, 1});
  CHECK(w.grad().to_vector<float>() == std::vector<float>{1, 0});
}

TEST_CASE("linear: an empty batch gives zero gradients") {
  const Variable w = Variable::leaf(Tensor::ones({2, 3}));
  const Variable b = Variable::leaf(Tensor::ones({2}));
  const Variable y = linear(Tensor::zeros({0, 3}), w, b);
  CHECK(y.shape() == Shape{0, 2});
  y.backward(Tensor::zeros({0, 2}));
  CHECK(w.grad().to_vector<float>() == std::vector<float>(6, 0));
  CHECK(b.grad().to_vector<float>() == std::vector<float>(2, 0));
}

TEST_CASE("matmul: errors name both shapes") {
  CHECK_THROWS_WITH_AS(matmul(Tensor::zeros({2, 3}), Tensor::zeros({2, 3})),
                       "[matmul] inner dimensions differ: [2, 3] @ [2, 3]", Error);
  CHECK_THROWS_WITH_AS(
      matmul(Tensor::zeros({2, 3}), Tensor::zeros({2, 3}), Transpose::yes, Transpose::yes),
      "[matmul] inner dimensions differ: [2, 3]^T @ [2, 3]^T", Error);
}
