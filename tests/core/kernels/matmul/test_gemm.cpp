#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <plumb/core/kernels/math.hpp>
#include <plumb/core/kernels/matmul/gemm.hpp>
#include <plumb/core/runtime/random.hpp>
#include <plumb/core/simd/isa.hpp>
#include <plumb/core/tensor/hash.hpp>

#include "../../../support/sweep.hpp"
#include "../../../support/threads.hpp"

using namespace plumb;
using kernel::Matrix;
using plumb::test::sweep;
using plumb::test::Sweep;

namespace {

template <class T>
Tensor random(const Shape& shape, std::uint64_t seed) {
  Tensor x = Tensor::empty(shape, dtype_of<T>);
  Generator(seed).fill_uniform(x, -1, 1);
  return x;
}

template <class T>
Matrix<T> matrix(const Tensor& x, Transpose t) {
  return {x.data<T>(), x.dim(1), t};
}

template <class T>
double at(const Matrix<T>& x, std::int64_t i, std::int64_t j) {
  return x.transpose == Transpose::no ? x.data[i * x.stride + j] : x.data[j * x.stride + i];
}

// The largest error against sums in double, over all transposes, with bias and accumulation.
template <class T>
double worst_error(std::int64_t m, std::int64_t n, std::int64_t k) {
  double worst = 0;
  for (const Transpose ta : {Transpose::no, Transpose::yes}) {
    for (const Transpose tb : {Transpose::no, Transpose::yes}) {
      const Tensor a = random<T>(ta == Transpose::no ? Shape{m, k} : Shape{k, m}, 1);
      const Tensor b = random<T>(tb == Transpose::no ? Shape{k, n} : Shape{n, k}, 2);
      const Tensor bias = random<T>({n}, 3);
      const Tensor start = random<T>({m, n}, 4);
      const auto left = matrix<T>(a, ta), right = matrix<T>(b, tb);
      for (const Write mode : {Write::overwrite, Write::accumulate}) {
        Tensor c = start.clone();
        kernel::gemm(m, n, k, left, right, c.mutable_data<T>(), n, mode, bias.data<T>());
        for (std::int64_t i = 0; i < m; ++i)
          for (std::int64_t j = 0; j < n; ++j) {
            double sum = static_cast<double>(bias.data<T>()[j]);
            if (mode == Write::accumulate) sum += static_cast<double>(start.data<T>()[i * n + j]);
            for (std::int64_t l = 0; l < k; ++l) sum += at(left, i, l) * at(right, l, j);
            worst = std::max(worst, std::abs(sum - static_cast<double>(c.data<T>()[i * n + j])));
          }
      }
    }
  }
  return worst;
}

}  // namespace

TEST_CASE("gemm: every transpose, with bias, overwriting and accumulating") {
  // Every kernel, whole panels and their edges, one block of rows and several, one pass over the
  // inner side and more.
  for (const Shape& shape :
       {Shape{1, 1, 1}, Shape{3, 5, 7}, Shape{1, 10, 128}, Shape{64, 10, 33}, Shape{17, 64, 1},
        Shape{130, 70, 50}, Shape{4, 16, 3}, Shape{14, 32, 40}, Shape{15, 33, 65},
        Shape{6, 96, 900}, Shape{30, 75, 801}, Shape{2, 300, 77}, Shape{3, 151, 1000},
        Shape{32, 2, 16}, Shape{37, 3, 21}, Shape{151, 1, 1000}}) {
    CAPTURE(to_string(shape));
    CHECK(worst_error<double>(shape[0], shape[1], shape[2]) < 1e-12);
    CHECK(worst_error<float>(shape[0], shape[1], shape[2]) < 1e-5 + 4e-8 * shape[2]);
  }
}

TEST_CASE_TEMPLATE("gemm: with a transposed on the left the bits of it as it stands", T, float,
                   double) {
  // Found as the transposed product where there are far more rows than columns: whole blocks of rows and columns of
  // that, and their edges. Up to 800 steps are added in one order, whatever is transposed.
  for (const auto [m, n, k] : {std::array<std::int64_t, 3>{384, 128, 512},
                               {385, 145, 800},
                               {450, 257, 513},
                               {700, 17, 600},
                               {33, 15, 70}}) {
    if (sweep() == Sweep::brief && m * n > 100'000) continue;
    const Tensor a = random<T>({m, k}, 1), b = random<T>({k, n}, 2), bias = random<T>({n}, 3);
    Tensor turned = Tensor::empty({k, m}, dtype_of<T>);
    for (std::int64_t i = 0; i < m; ++i)
      for (std::int64_t l = 0; l < k; ++l)
        turned.mutable_data<T>()[l * m + i] = a.data<T>()[i * k + l];
    for (const Write mode : {Write::overwrite, Write::accumulate}) {
      Tensor expected = random<T>({m, n}, 4), c = expected.clone();
      const auto right = matrix<T>(b, Transpose::no);
      kernel::gemm(m, n, k, matrix<T>(a, Transpose::no), right, expected.mutable_data<T>(), n, mode,
                   bias.data<T>());
      kernel::gemm(m, n, k, matrix<T>(turned, Transpose::yes), right, c.mutable_data<T>(), n, mode,
                   bias.data<T>());
      const Shape shape{m, n, k};
      CAPTURE(to_string(shape));
      if (kernel::isa() == kernel::Isa::base)
        CHECK(max(abs(c - expected)).item() < 1e-3);  // OpenBLAS
      else
        CHECK(hash(c) == hash(expected));
    }
  }
}

TEST_CASE("gemm: with a ReLU the bits of the product and of a ReLU behind it") {
  // Every kernel, edges of panels, several passes, and one k of 0.
  for (const auto [m, n, k] : {std::array<std::int64_t, 3>{2, 40, 30},
                               {30, 75, 801},
                               {64, 128, 20},
                               {200, 10, 128},
                               {5, 3, 0}}) {
    for (const Write mode : {Write::overwrite, Write::accumulate}) {
      const Tensor a = random<float>({m, k}, 1), b = random<float>({k, n}, 2);
      Tensor bias = random<float>({n}, 3);
      bias.mutable_data<float>()[1] = -std::numeric_limits<float>::quiet_NaN();
      Tensor plain = random<float>({m, n}, 4), relu = plain.clone();
      const auto left = matrix<float>(a, Transpose::no), right = matrix<float>(b, Transpose::no);
      kernel::gemm(m, n, k, left, right, plain.mutable_data<float>(), n, mode, bias.data<float>());
      kernel::gemm(m, n, k, left, right, relu.mutable_data<float>(), n, mode, bias.data<float>(),
                   kernel::Activation::relu);
      const Shape shape{m, n, k};
      CAPTURE(to_string(shape));
      CHECK(hash(relu) == hash(kernel::relu(plain)));
      CHECK(std::isnan(relu.at({m - 1, 1})));
    }
  }
}

TEST_CASE("gemm: nothing inside is zeros, plus the bias") {
  Tensor c = Tensor::full({2, 2}, 5);
  const Tensor bias = Tensor::from({1.f, 2.f});
  const Matrix<float> none{nullptr, 0};
  kernel::gemm<float>(2, 2, 0, none, none, c.mutable_data<float>(), 2, Write::accumulate);
  CHECK(c.to_vector<float>() == std::vector<float>{5, 5, 5, 5});
  kernel::gemm<float>(2, 2, 0, none, none, c.mutable_data<float>(), 2, Write::overwrite,
                      bias.data<float>());
  CHECK(c.to_vector<float>() == std::vector<float>{1, 2, 1, 2});
}

TEST_CASE("gemm: the same bits for any number of threads") {
  for (const auto [m, n, k] : {std::array<std::int64_t, 3>{64, 256, 784},
                               {300, 200, 500},
                               {40, 300, 2000},
                               {10, 128, 9000},
                               {512, 130, 900},
                               {1, 1000, 700},
                               {4000, 3, 300}}) {
    for (const Transpose ta : {Transpose::no, Transpose::yes}) {
      const Tensor a = random<float>(ta == Transpose::no ? Shape{m, k} : Shape{k, m}, 5);
      const Tensor b = random<float>({k, n}, 6);
      std::vector<float> first;
      for (const int threads : test::thread_counts()) {
        const test::Threads scope(threads);
        Tensor c = Tensor::empty({m, n});
        kernel::gemm(m, n, k, matrix<float>(a, ta), matrix<float>(b, Transpose::no),
                     c.mutable_data<float>(), n, Write::overwrite);
        if (first.empty()) first = c.to_vector<float>();
        CHECK(c.to_vector<float>() == first);
      }
    }
  }
}
