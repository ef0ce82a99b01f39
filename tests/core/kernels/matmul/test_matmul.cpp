#include <doctest/doctest.h>

#include <plumb/core/kernels/matmul/matmul.hpp>
#include <plumb/core/runtime/error.hpp>
#include <plumb/core/runtime/random.hpp>

using namespace plumb;

namespace {

Tensor random(const Shape& shape, std::uint64_t seed) {
  Tensor x = Tensor::empty(shape, DType::float64);
  Generator(seed).fill_uniform(x, -1, 1);
  return x;
}

Tensor product(const Tensor& a, const Tensor& b) {
  return kernel::matmul(a, Transpose::no, b, Transpose::no);
}

}  // namespace

TEST_CASE("matmul: a product of two matrices, either side transposed") {
  const Tensor a = Tensor::from({1., 2., 3., 4., 5., 6.}, {2, 3});
  CHECK(kernel::matmul(a, Transpose::no, a, Transpose::yes).to_vector<double>() ==
        std::vector<double>{14, 32, 32, 77});
  CHECK(kernel::matmul(a, Transpose::yes, a, Transpose::no).to_vector<double>() ==
        std::vector<double>{17, 22, 27, 22, 29, 36, 27, 36, 45});
}

TEST_CASE("matmul: leading axes broadcast, each matrix multiplied alone") {
  const Tensor a = random({2, 1, 3, 4}, 1);
  const Tensor b = random({5, 4, 2}, 2);
  const Tensor c = product(a, b);
  CHECK(c.shape() == Shape{2, 5, 3, 2});
  for (std::int64_t i = 0; i < 2; ++i)
    for (std::int64_t j = 0; j < 5; ++j)
      for (std::int64_t r = 0; r < 3; ++r)
        for (std::int64_t s = 0; s < 2; ++s) {
          double sum = 0;
          for (std::int64_t l = 0; l < 4; ++l) sum += a.at({i, 0, r, l}) * b.at({j, l, s});
          CHECK(c.at({i, j, r, s}) == doctest::Approx(sum).epsilon(1e-14));
        }
}

TEST_CASE("matmul_into: sums over the leading axes that the result lacks") {
  const Tensor a = random({3, 2, 4}, 1);
  const Tensor b = random({3, 4, 5}, 2);
  Tensor sum = Tensor::full({2, 5}, 10, DType::float64);
  kernel::matmul_into(sum, Write::accumulate, a, Transpose::no, b, Transpose::no);
  for (std::int64_t i = 0; i < 2; ++i)
    for (std::int64_t j = 0; j < 5; ++j) {
      double expected = 10;
      for (std::int64_t s = 0; s < 3; ++s)
        for (std::int64_t l = 0; l < 4; ++l) expected += a.at({s, i, l}) * b.at({s, l, j});
      CHECK(sum.at({i, j}) == doctest::Approx(expected).epsilon(1e-14));
    }
}

TEST_CASE("matmul_into: sums over leading axes along which one operand is stretched") {
  const Tensor a = random({2, 3, 4}, 3), b = random({1, 3, 5}, 4);
  Tensor sum = Tensor::empty({4, 5}, DType::float64);
  kernel::matmul_into(sum, Write::overwrite, a, Transpose::yes, b, Transpose::no);
  for (std::int64_t r = 0; r < 4; ++r)
    for (std::int64_t s = 0; s < 5; ++s) {
      double expected = 0;
      for (std::int64_t i = 0; i < 2; ++i)
        for (std::int64_t k = 0; k < 3; ++k) expected += a.at({i, k, r}) * b.at({0, k, s});
      CHECK(sum.at({r, s}) == doctest::Approx(expected).epsilon(1e-14));
    }
}

TEST_CASE("matmul: empty sides") {
  const Tensor zeros = product(Tensor::zeros({2, 0}), Tensor::zeros({0, 3}));
  CHECK(zeros.shape() == Shape{2, 3});
  CHECK(zeros.to_vector<float>() == std::vector<float>(6, 0));
  CHECK(product(Tensor::zeros({0, 3}), Tensor::zeros({3, 2})).shape() == Shape{0, 2});
  CHECK(product(Tensor::zeros({0, 2, 3}), Tensor::zeros({3, 2})).shape() == Shape{0, 2, 2});
  CHECK(product(Tensor::zeros({0, 2, 3}), Tensor::zeros({0, 3, 2})).shape() == Shape{0, 2, 2});
}

TEST_CASE("matmul: refuses shapes and element types that do not fit") {
  CHECK_THROWS_WITH_AS(product(Tensor::zeros({2, 3}), Tensor::zeros({4, 5})),
                       "[matmul] inner dimensions differ: [2, 3] @ [4, 5]", Error);
  CHECK_THROWS_WITH_AS(product(Tensor::zeros({3}), Tensor::zeros({3, 2})),
                       "[matmul] expected two or more axes each, got [3] @ [3, 2]", Error);
  CHECK_THROWS_WITH_AS(product(Tensor::zeros({2, 4, 3}), Tensor::zeros({5, 3, 4})),
                       "[matmul] leading axes do not broadcast: [2, 4, 3] @ [5, 3, 4]", Error);
  CHECK_THROWS_WITH_AS(kernel::matmul(Tensor::zeros({2, 1, 3, 4}), Transpose::yes,
                                      Tensor::zeros({3, 2, 5, 3}), Transpose::yes),
                       "[matmul] leading axes do not broadcast: [2, 1, 3, 4]^T @ [3, 2, 5, 3]^T",
                       Error);
  CHECK_THROWS_WITH_AS(product(Tensor::zeros({2, 3}), Tensor::zeros({3, 2}, DType::float64)),
                       "[matmul] element types differ: float32 and float64; Tensor::from({1.0}) is "
                       "float64: write 1.0f, or convert with to(DType::float32)",
                       Error);
  CHECK_THROWS_WITH_AS(
      product(Tensor::zeros({2, 2}, DType::int64), Tensor::zeros({2, 2}, DType::int64)),
      "[matmul] expected float32 or float64, got int64", Error);
}

TEST_CASE("linear: x w^T + bias, and the shapes it wants") {
  const Tensor x = Tensor::from({1., 2., 3., 4.}, {2, 2});
  const Tensor w = Tensor::from({1., 1., 2., 0., 0., 3.}, {3, 2});
  const Tensor bias = Tensor::from({10., 20., 30.});
  CHECK(kernel::linear(x, w, bias).to_vector<double>() ==
        std::vector<double>{13, 22, 36, 17, 26, 42});
  CHECK(kernel::linear(x.rows(0, 1).reshape({2}), w, Tensor()).to_vector<double>() ==
        std::vector<double>{3, 2, 6});
  CHECK_THROWS_WITH_AS(kernel::linear(Tensor::zeros({2, 3}), Tensor::zeros({4, 5}), Tensor()),
                       "[linear] expected x [..., in] and w [out, in], got [2, 3] and [4, 5]",
                       Error);
  CHECK_THROWS_WITH_AS(kernel::linear(x, w, Tensor::zeros({2}, DType::float64)),
                       "[linear] expected a bias of [3], got [2]", Error);
}
