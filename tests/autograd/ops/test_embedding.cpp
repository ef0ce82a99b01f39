#include <doctest/doctest.h>

#include <plumb/autograd/gradcheck.hpp>
#include <plumb/autograd/ops/arithmetic.hpp>
#include <plumb/autograd/ops/embedding.hpp>

#include "../../support/errors.hpp"
#include "../../support/random.hpp"
#include "../../support/threads.hpp"

using namespace plumb;
using plumb::test::error_of;
using plumb::test::normal;

namespace {

Tensor ids(const std::vector<std::int64_t>& values, const Shape& shape) {
  return Tensor::from(values, shape);
}

}  // namespace

TEST_CASE("embedding: rows, their shape, and gradients of ids that repeat") {
  const Variable w = Variable::leaf(Tensor::from({1.F, 2.F, 3.F, 4.F, 5.F, 6.F}, {3, 2}));
  const Variable y = embedding(w, ids({2, 0, 2, 2}, {2, 2}));
  CHECK(y.shape() == Shape{2, 2, 2});
  CHECK(y.value().to_vector<float>() == std::vector<float>{5, 6, 1, 2, 5, 6, 5, 6});
  y.backward(Tensor::from({1.F, 2.F, 10.F, 20.F, 100.F, 200.F, 1000.F, 2000.F}, {2, 2, 2}));
  CHECK(w.grad().to_vector<float>() == std::vector<float>{10, 20, 0, 0, 1101, 2202});
  CHECK(embedding(w, ids({1}, {})).shape() == Shape{2});
}

TEST_CASE("embedding: the padding keeps its value and gets no gradient") {
  const Variable w = Variable::leaf(Tensor::from({1.F, 2.F, 3.F, 4.F}, {2, 2}));
  for (int pass = 0; pass < 2; ++pass) {
    const Variable y = embedding(w, ids({0, 1, 0}, {3}), 0);
    CHECK(y.value().to_vector<float>() == std::vector<float>{1, 2, 3, 4, 1, 2});
    y.backward(Tensor::ones({3, 2}));
  }
  CHECK(w.grad().to_vector<float>() == std::vector<float>{0, 0, 2, 2});
}

TEST_CASE("embedding: gradcheck in float64") {
  gradcheck(
      [](const std::vector<Variable>& in) {
        const Variable y = embedding(in[0], ids({3, 1, 1, 0, 3, 1}, {2, 3}));
        return y * y + embedding(in[0], ids({2}, {1}));
      },
      {normal({4, 3})});
}

TEST_CASE("embedding: a class that a million ids name gets their sum, to the last digits") {
  const std::int64_t n = 1'000'000;
  const Variable w = Variable::leaf(Tensor::ones({3, 2}));
  Tensor index = Tensor::full({n}, 1, DType::int64);
  index.mutable_data<std::int64_t>()[7] = 2;
  embedding(w, index).backward(Tensor::full({n, 2}, 0.1));
  const double expected = 0.1F * static_cast<double>(n - 1);
  CHECK(w.grad().at({0, 0}) == 0);
  CHECK(w.grad().at({1, 1}) == doctest::Approx(expected).epsilon(5e-5));
  CHECK(w.grad().at({2, 0}) == doctest::Approx(0.1));
}

TEST_CASE("embedding: the same bits for any number of threads") {
  Generator generator(3);
  for (const std::int64_t classes : {7, 5000}) {
    std::vector<std::int64_t> drawn(20'000);
    for (std::int64_t& id : drawn) id = generator.below(classes);
    const Tensor index = ids(drawn, {100, 200});
    const Tensor seed = normal({100, 200, 70}, DType::float32);
    std::vector<float> first;
    for (const int threads : test::thread_counts()) {
      const test::Threads scope(threads);
      const Variable w = Variable::leaf(normal({classes, 70}, DType::float32));
      const Variable y = embedding(w, index);
      y.backward(seed);
      std::vector<float> all = y.value().to_vector<float>();
      const auto gradient = w.grad().to_vector<float>();
      all.insert(all.end(), gradient.begin(), gradient.end());
      if (first.empty()) first = all;
      CHECK(all == first);
    }
  }
}

TEST_CASE("embedding: no ids, one class") {
  const Variable w = Variable::leaf(normal({1, 3}));
  const Variable none = embedding(w, Tensor::empty({0, 5}, DType::int64));
  CHECK(none.shape() == Shape{0, 5, 3});
  none.backward(Tensor::empty({0, 5, 3}, DType::float64));
  CHECK(w.grad().to_vector<double>() == std::vector<double>{0, 0, 0});
  CHECK(embedding(w, ids({0, 0}, {2})).value().at({1, 2}) == w.value().at({0, 2}));
}

TEST_CASE("embedding: errors come before anything is read") {
  const Tensor w = Tensor::zeros({3, 2});
  CHECK(error_of([&] {
          embedding(w, ids({0, 3}, {2}));
        }) == "[embedding] index 3 at element 1 is out of range [0, 3)");
  CHECK(error_of([&] { embedding(w, ids({-1}, {1})); }) ==
        "[embedding] index -1 at element 0 is out of range [0, 3)");
  CHECK(error_of([&] { embedding(w, Tensor::zeros({2})); }) ==
        "[embedding] the index must be int64, got float32");
  CHECK(error_of([&] { embedding(Tensor::zeros({3}), ids({0}, {1})); }) ==
        "[embedding] expected a weight [v, d], got [3]");
  CHECK(error_of([&] { embedding(w, ids({0}, {1}), 3); }) ==
        "[embedding] padding 3 is out of range [0, 3)");
}
