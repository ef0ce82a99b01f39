// The examples of docs/core.md.
#include <doctest/doctest.h>

#include <cmath>
#include <plumb/core/tensor/linalg.hpp>
#include <plumb/core/tensor/operators.hpp>
#include <plumb/core/tensor/xtensor.hpp>
#include <xtensor/xmath.hpp>

#include "../support/document.hpp"

using namespace plumb;

namespace {

// y = x^2 e^(-x), in one pass
Tensor bump(const Tensor& x) {
  const auto v = as_xtensor<float, 1>(x);
  return from_xtensor(v * v * xt::exp(-v));
}

}  // namespace

TEST_CASE("docs/core.md: an xtensor expression") {
  const Tensor y = bump(Tensor::from({0.f, 1.f, 2.f}));
  CHECK(y.at({1}) == doctest::Approx(std::exp(-1)));
  CHECK(y.at({2}) == doctest::Approx(4 * std::exp(-2)));
}

TEST_CASE("docs/core.md: element types") {
  const Tensor x = Tensor::from({-1.0f, 0.5f, 2.0f}), labels = Tensor::from({0, 1, 2});
  const Tensor positive = x > 0;              // uint8: 0, 1, 1
  const Tensor late = labels >= 0.5;          // 0, 1, 1
  const Tensor other = not_equal(labels, 1);  // 1, 0, 1
  using Bytes = std::vector<std::uint8_t>;
  CHECK(positive.to_vector<std::uint8_t>() == Bytes{0, 1, 1});
  CHECK(late.to_vector<std::uint8_t>() == Bytes{0, 1, 1});
  CHECK(other.to_vector<std::uint8_t>() == Bytes{1, 0, 1});
}

TEST_CASE("docs/core.md: linear algebra") {
  const Tensor a = Tensor::from({3., 0., 4., 5.}, {2, 2});
  const Tensor b = Tensor::from({3., 9.});
  const Tensor c = Tensor::from({2., 1., 1., 2.}, {2, 2});
  const auto [q, r] = linalg::qr(a);               // a = q r
  const auto [u, s, vt] = linalg::svd(a);          // a = u diag(s) vt, s descending
  const auto [values, vectors] = linalg::eigh(c);  // c = vectors diag(values) vectors^T, ascending
  const Tensor x = linalg::lstsq(a, b).x;          // a x is as close to b as can be
  CHECK(r.at({0, 0}) == doctest::Approx(5));
  CHECK(s.at({0}) * s.at({1}) == doctest::Approx(15));
  CHECK(values.at({0}) == doctest::Approx(1));
  CHECK(x.at({1}) == doctest::Approx(1));
  CHECK(q.shape() == a.shape());
  CHECK(u.shape() == vt.shape());
  CHECK(vectors.at({0, 0}) == doctest::Approx(std::sqrt(0.5)));
}

TEST_CASE("docs/core.md: its code is that of this file") {
  CHECK(test::code_missing_from("docs/core.md", {__FILE__}) == "");
}
