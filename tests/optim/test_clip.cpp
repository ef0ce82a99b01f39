#include <cmath>
#include <limits>

#include "../support/threads.hpp"
#include "parameters.hpp"

namespace plumb::test {
namespace {

using optim::clip_grad_norm;
using optim::clip_grad_value;
using optim::grad_norm;
using optim::NonFinite;
using optim::Norm;

std::vector<double> gradient(const Parameter& p) {
  return p.variable.grad().to(DType::float64).to_vector<double>();
}

// Gradients {3, -4, 0.5} and {{12, 1}, {-2, 0.25}}.
Parameters sample(DType dtype) {
  const Parameter a = {"a", Variable::leaf(Tensor::zeros({3}, dtype))};
  const Parameter b = {"b", Variable::leaf(Tensor::zeros({2, 2}, dtype))};
  set_grad(a, {3, -4, 0.5});
  set_grad(b, {12, 1, -2, 0.25});
  return {a, b};
}

void check_close(const std::vector<double>& actual, const std::vector<double>& expected,
                 double tolerance) {
  REQUIRE(actual.size() == expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i)
    CHECK(std::abs(actual[i] - expected[i]) <= tolerance * std::abs(expected[i]));
}

}  // namespace

TEST_CASE("clip_grad_norm: the values of PyTorch's clip_grad_norm_") {
  for (const DType dtype : {DType::float32, DType::float64}) {
    const double tolerance = dtype == DType::float32 ? 3e-7 : 1e-15;
    Parameters p = sample(dtype);
    CHECK(clip_grad_norm(p, 2.5) == doctest::Approx(13.202745926510893).epsilon(1e-15));
    check_close(gradient(p[0]), {0.56806360386565669, -0.75741813848754225, 0.094677267310942781},
                tolerance);
    check_close(
        gradient(p[1]),
        {2.2722544154626267, 0.18935453462188556, -0.37870906924377112, 0.04733863365547139},
        tolerance);
    p = sample(dtype);
    CHECK(clip_grad_norm(p, 2.5, NonFinite::leave, Norm::largest) == 12);
    check_close(gradient(p[0]), {0.62499994791667102, -0.83333326388889473, 0.10416665798611184},
                tolerance);
    check_close(
        gradient(p[1]),
        {2.4999997916666841, 0.20833331597222368, -0.41666663194444736, 0.05208332899305592},
        tolerance);
  }
}

TEST_CASE("clip_grad_norm: a norm within the limit changes nothing") {
  const Parameters p = sample(DType::float64);
  const Tensor before = p[0].variable.grad();
  clip_grad_norm(p, 13.3);
  clip_grad_norm(p, std::numeric_limits<double>::infinity());
  CHECK(before.same_as(p[0].variable.grad()));
  CHECK(gradient(p[0]) == std::vector<double>{3, -4, 0.5});
}

TEST_CASE("clip_grad_norm: a factor below the smallest normal float32 does not lose the gradient") {
  for (const double size : {1e30, 1e38, 2e38})
    for (const double most : {1.0, 1e-6, 1e-35}) {
      const Parameter p = {"p", Variable::leaf(Tensor::zeros({2}))};
      set_grad(p, {size, -size});
      clip_grad_norm({p}, most);
      check_close(gradient(p), {most * std::sqrt(0.5), -most * std::sqrt(0.5)}, 1e-6);
    }
}

TEST_CASE("grad_norm: skips what step() skips") {
  Parameters p = sample(DType::float64);
  p.push_back(parameter("none", {1, 2}));
  CHECK(grad_norm(p) == doctest::Approx(13.202745926510893).epsilon(1e-15));
  p[1].variable.set_requires_grad(false);
  CHECK(grad_norm(p) == doctest::Approx(std::sqrt(25.25)).epsilon(1e-15));
  CHECK(clip_grad_norm(p, 0) > 5);
  p[1].variable.set_requires_grad(true);
  CHECK(gradient(p[0]) == std::vector<double>{0, 0, 0});
  CHECK(gradient(p[1]) == std::vector<double>{12, 1, -2, 0.25});
  CHECK(grad_norm({}) == 0);
  CHECK(grad_norm({parameter("empty", {})}, Norm::largest) == 0);
}

TEST_CASE("grad_norm: adds float32 in double") {
  const Parameter large = {"large", Variable::leaf(Tensor::zeros({2}))};
  set_grad(large, {3e30, 4e30});
  CHECK(grad_norm({large}) == doctest::Approx(5e30).epsilon(1e-6));
  const Parameter many = {"many", Variable::leaf(Tensor::zeros({20000000}))};
  Variable(many.variable).set_grad(Tensor::ones({20000000}));
  CHECK(grad_norm({many}) == std::sqrt(2e7));
}

TEST_CASE("grad_norm: the same bits for 1 to 4 threads") {
  Parameters parameters;
  for (const std::int64_t size : {1, 32768, 32769, 200003}) {
    Tensor g = Tensor::empty({size});
    float* x = g.mutable_data<float>();
    for (std::int64_t i = 0; i < size; ++i) x[i] = std::sin(static_cast<float>(i + size));
    parameters.push_back({errors::text("p", size), Variable::leaf(Tensor::zeros({size}))});
    parameters.back().variable.set_grad(g);
  }
  const auto norms = [&](int threads) {
    const Threads scope(threads);
    return std::vector<double>{grad_norm(parameters), grad_norm(parameters, Norm::largest)};
  };
  const std::vector<double> one = norms(1);
  CHECK(one[0] == doctest::Approx(std::sqrt(265541 / 2.0)).epsilon(1e-3));
  for (const int threads : test::more_threads()) CHECK(one == norms(threads));
}

TEST_CASE("clip_grad_norm: a norm that is not finite is left or refused, and named") {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const Norm norm : {Norm::euclidean, Norm::largest}) {
    for (const double bad : {std::nan(""), infinity, -infinity}) {
      const Parameters p = sample(DType::float32);
      set_grad(p[1], {1, bad, 1, 1});
      CHECK_FALSE(std::isfinite(clip_grad_norm(p, 1, NonFinite::leave, norm)));
      CHECK(error_of([&] { clip_grad_norm(p, 1, NonFinite::refuse, norm); }) ==
            errors::text("[clip_grad_norm] the norm of all gradients is ",
                         std::isnan(bad) ? "nan" : "inf",
                         ", because of that of 'b': nothing is clipped"));
      CHECK_THROWS_AS(clip_grad_norm(p, 1, NonFinite::refuse, norm), optim::RefusedGradient);
      CHECK(gradient(p[0]) == std::vector<double>{3, -4, 0.5});
    }
  }
}

TEST_CASE("grad_norm: NaN wins over everything, wherever it stands") {
  for (const std::size_t at : {0u, 1u, 40000u, 99999u}) {
    const Parameter p = {"p", Variable::leaf(Tensor::zeros({100000}))};
    std::vector<double> g(100000, 1);
    g[at] = std::nan("");
    g[50000] = std::numeric_limits<double>::infinity();
    set_grad(p, g);
    CHECK(std::isnan(grad_norm({p}, Norm::largest)));
    CHECK(std::isnan(grad_norm({p, parameter("q", {1})}, Norm::euclidean)));
  }
}

TEST_CASE("clip_grad_value: limits every element, NaN stays") {
  const Parameter p = {"p", Variable::leaf(Tensor::zeros({5}))};
  set_grad(p, {3, -4, 0.5, std::numeric_limits<double>::infinity(), std::nan("")});
  clip_grad_value({p}, 2);
  const std::vector<double> g = gradient(p);
  CHECK(std::vector<double>(g.begin(), g.end() - 1) == std::vector<double>{2, -2, 0.5, 2});
  CHECK(std::isnan(g[4]));
}

TEST_CASE("clipping: a gradient that is held elsewhere keeps its values there") {
  const Parameter p = parameter("p", {0, 0});
  const Parameter q = parameter("q", {0, 0});
  const Tensor shared = Tensor::from({3.0, 4.0});
  Variable(p.variable).set_grad(shared);
  Variable(q.variable).set_grad(shared);
  clip_grad_value({p}, 1);
  CHECK(gradient(p) == std::vector<double>{1, 1});
  CHECK(gradient(q) == std::vector<double>{3, 4});
  clip_grad_norm({p, q}, 0);  // and no gradient is scaled twice
  CHECK(shared.to_vector<double>() == std::vector<double>{3, 4});
}

TEST_CASE("clipping: limits out of range are refused by name") {
  const Parameters p = sample(DType::float64);
  CHECK(error_of([&] { clip_grad_norm(p, -1); }) ==
        "[clip_grad_norm] max_norm must be in [0, inf], got -1");
  CHECK(error_of([&] { clip_grad_norm(p, std::nan("")); }) ==
        "[clip_grad_norm] max_norm must be in [0, inf], got nan");
  CHECK(error_of([&] { clip_grad_value(p, -1); }) ==
        "[clip_grad_value] limit must be in [0, inf], got -1");
  CHECK(gradient(p[0]) == std::vector<double>{3, -4, 0.5});
}

}  // namespace plumb::test
