#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <plumb/autograd/gradcheck.hpp>
#include <plumb/autograd/ops/dropout.hpp>
#include <plumb/core/runtime/error.hpp>

#include "../../support/threads.hpp"

using namespace plumb;

TEST_CASE("dropout: element i is decided by word i % 4 of block i / 4") {
  Generator generator(5, Stream::dropout);
  generator.set_position(17);
  const Tensor y = dropout(Tensor::ones({2, 5}, DType::float64), 0.25, generator).value();
  for (int i = 0; i < 10; ++i) {
    const auto words = philox(5, 17 + static_cast<std::uint64_t>(i / 4), generator.stream());
    const bool kept = words[static_cast<std::size_t>(i % 4)] >= 0x40000000u;
    CHECK(y.data<double>()[i] == (kept ? 1 / 0.75 : 0.0));
  }
  CHECK(generator.position() == 17 + 3);
}

TEST_CASE("dropout: keeps a share of 1 - p and the mean") {
  const std::int64_t n = 100000;
  for (const double p : {0.1, 0.5, 0.9}) {
    Generator generator(1, Stream::dropout);
    const Tensor y = dropout(Tensor::ones({n}), p, generator).value();
    const float* values = y.data<float>();
    const auto kept = std::count(values, values + n, static_cast<float>(1 / (1 - p)));
    CHECK(std::count(values, values + n, 0.f) == n - kept);
    // Five standard deviations of a binomial count.
    CHECK(std::abs(kept - n * (1 - p)) < 5 * std::sqrt(n * p * (1 - p)));
  }
}

TEST_CASE("dropout: the gradient passes the same mask") {
  Generator generator(2, Stream::dropout);
  const Variable x = Variable::leaf(Tensor::full({50}, 3.0, DType::float64));
  const Variable y = dropout(x, 0.4, generator);
  for (const double repeats : {1.0, 2.0}) {
    y.backward(Tensor::full({50}, 3.0, DType::float64), retain_graph);
    const Tensor gradient = x.grad();
    for (int i = 0; i < 50; ++i)
      CHECK(gradient.data<double>()[i] ==
            doctest::Approx(repeats * y.value().data<double>()[i]).epsilon(1e-15));
  }
}

TEST_CASE("dropout: gradients") {
  const auto f = [](const std::vector<Variable>& in) {
    Generator generator(3, Stream::dropout);
    return dropout(in[0], 0.3, generator);
  };
  gradcheck(f, {Tensor::arange(12, DType::float64).reshape({3, 4})});
}

TEST_CASE("dropout: calls in sequence differ, a rewound generator repeats") {
  Generator generator(4, Stream::dropout);
  const Tensor x = Tensor::ones({64});
  const auto draw = [&] { return dropout(x, 0.5, generator).value().to_vector<float>(); };
  const auto first = draw(), second = draw();
  CHECK(first != second);
  generator.set_position(0);
  CHECK(draw() == first);
  CHECK(draw() == second);
}

TEST_CASE("dropout: p = 0 is x itself and takes no random numbers") {
  Generator generator(6, Stream::dropout);
  const Variable x = Variable::leaf(Tensor::ones({3}));
  CHECK(dropout(x, 0, generator).same_as(x));
  CHECK(generator.position() == 0);
}

TEST_CASE("dropout: p = 1 gives zeros with gradient zero") {
  Generator generator(6, Stream::dropout);
  const Variable x = Variable::leaf(Tensor::from({1.f, INFINITY, 3.f, 4.f, 5.f}));
  const Variable y = dropout(x, 1, generator);
  CHECK(y.value().to_vector<float>() == std::vector<float>(5, 0.f));
  y.backward(Tensor::ones({5}));
  CHECK(x.grad().to_vector<float>() == std::vector<float>(5, 0.f));
}

TEST_CASE("dropout: nothing to drop") {
  Generator generator(6, Stream::dropout);
  CHECK(dropout(Tensor::empty({0, 4}), 0.5, generator).shape() == Shape{0, 4});
  CHECK(generator.position() == 0);
}

TEST_CASE("dropout: the same bits for any number of threads") {
  const Tensor x = Tensor::ones({100003});
  std::vector<float> first;
  for (const int threads : test::thread_counts()) {
    const test::Threads scope(threads);
    Generator generator(8, Stream::dropout);
    const auto y = dropout(x, 0.5, generator).value().to_vector<float>();
    if (first.empty()) first = y;
    CHECK(y == first);
  }
}

TEST_CASE("dropout: bad arguments leave the generator where it was") {
  Generator generator(9, Stream::dropout);
  const Tensor x = Tensor::ones({8});
  CHECK_THROWS_WITH_AS(dropout(x, 1.5, generator), "[dropout] p must be in [0, 1], got 1.5", Error);
  CHECK_THROWS_WITH_AS(dropout(x, -0.1, generator), "[dropout] p must be in [0, 1], got -0.1",
                       Error);
  CHECK_THROWS_WITH_AS(dropout(x, std::nan(""), generator),
                       "[dropout] p must be in [0, 1], got nan", Error);
  CHECK_THROWS_WITH_AS(dropout(x.to(DType::int64), 0.5, generator),
                       "[dropout] expected float32 or float64, got int64", Error);
  CHECK(generator.position() == 0);
}
