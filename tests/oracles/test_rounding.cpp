// Sums of any length lose no more digits than sums in blocks do.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <plumb/autograd/ops/arithmetic.hpp>
#include <plumb/autograd/ops/convolution.hpp>
#include <plumb/autograd/ops/cross_entropy.hpp>
#include <plumb/autograd/ops/indexing.hpp>
#include <plumb/autograd/ops/loss.hpp>
#include <plumb/autograd/ops/matmul.hpp>
#include <plumb/autograd/ops/normalization.hpp>
#include <plumb/autograd/ops/pooling.hpp>
#include <plumb/autograd/ops/reduction.hpp>
#include <plumb/core/kernels/layout.hpp>
#include <plumb/core/kernels/reduce.hpp>
#include <plumb/core/runtime/error.hpp>
#include <plumb/optim/clip.hpp>

#include "../support/compare.hpp"
#include "draw.hpp"

using namespace plumb;
using namespace plumb::test;

namespace {

// Of equal terms every rounding goes the same way: a chain of n errs by about n / 3 units, where
// random terms err by the root of n.
constexpr double term = 0.1;

// The error of a sum of n equal terms that is found in chains of at most about a thousand, relative.
double allowed(DType dtype, std::int64_t n) {
  const double unit = dtype == DType::float32 ? std::numeric_limits<float>::epsilon() / 2.
                                              : std::numeric_limits<double>::epsilon() / 2;
  return unit * (16 + std::min<double>(static_cast<double>(n), 800));
}

// The largest relative error of elements that all should be `factor` times `term` as the dtype
// holds it.
double error(const Tensor& x, double factor) {
  const bool narrow = x.dtype() == DType::float32;
  const long double held =
      narrow ? static_cast<long double>(static_cast<float>(term)) : static_cast<long double>(term);
  const long double expected = held * static_cast<long double>(factor);
  const std::vector<double> values = x.to(DType::float64).to_vector<double>();
  long double worst = 0;
  for (const double value : values)
    worst = std::max(worst, std::fabs(static_cast<long double>(value) - expected) / expected);
  return static_cast<double>(worst);
}

Tensor terms(const Shape& shape, DType dtype) { return Tensor::full(shape, term, dtype); }
Tensor ones(const Shape& shape, DType dtype) { return Tensor::ones(shape, dtype); }

const std::vector<DType> both = {DType::float32, DType::float64};

// The gradient of a leaf of this shape, filled with `value`, where f's result has the seed `seed`.
template <class F>
Tensor gradient(const Shape& shape, double value, double seed, DType dtype, F f) {
  const Variable leaf = Variable::leaf(Tensor::full(shape, value, dtype));
  const Variable y = f(leaf);
  y.backward(Tensor::full(y.shape(), seed, dtype));
  return leaf.grad();
}

}  // namespace

TEST_CASE("rounding: products with few rows or columns, or many, and any inner side") {
  const double most = repetitions(4, 400) * 1e6;
  for (const DType dtype : both)
    for (const std::int64_t k : {100, 1000, 5000, 10000, 60000, 1000000})
      for (const auto& [m, n] : std::vector<std::pair<std::int64_t, std::int64_t>>{{1, 1},
                                                                                   {1, 2},
                                                                                   {2, 1},
                                                                                   {3, 3},
                                                                                   {1, 8},
                                                                                   {8, 1},
                                                                                   {3, 17},
                                                                                   {17, 3},
                                                                                   {1, 70},
                                                                                   {70, 1},
                                                                                   {4, 4},
                                                                                   {5, 12},
                                                                                   {12, 5},
                                                                                   {16, 16},
                                                                                   {33, 40},
                                                                                   {130, 10}}) {
        if (static_cast<double>(m * n) * static_cast<double>(k) > most) continue;
        for (const Transpose ta : {Transpose::no, Transpose::yes})
          for (const Transpose tb : {Transpose::no, Transpose::yes}) {
            const std::string what =
                errors::text(m, " x ", n, " x ", k, ta == Transpose::yes ? " ^T" : "",
                             tb == Transpose::yes ? " @ ^T" : " @", " in ", dtype);
            CAPTURE(what);
            const Tensor a = terms(ta == Transpose::yes ? Shape{k, m} : Shape{m, k}, dtype);
            const Tensor b = ones(tb == Transpose::yes ? Shape{n, k} : Shape{k, n}, dtype);
            CHECK(error(matmul(a, b, ta, tb).value(), static_cast<double>(k)) < allowed(dtype, k));
          }
      }
}

TEST_CASE("rounding: gradients of weights and biases over many rows") {
  for (const DType dtype : both)
    for (const std::int64_t rows : {1000, 60000, 300000})
      for (const std::int64_t outputs : {1, 2, 5}) {
        const Tensor x = ones({rows, 8}, dtype), w = ones({outputs, 8}, dtype);
        const std::string what = errors::text(rows, " rows, ", outputs, " outputs in ", dtype);
        CAPTURE(what);
        const auto count = static_cast<double>(rows);
        CHECK(error(gradient({outputs, 8}, 1, term, dtype,
                             [&](const Variable& w) { return linear(x, w); }),
                    count) < allowed(dtype, rows));
        CHECK(error(gradient({outputs}, 1, term, dtype,
                             [&](const Variable& b) { return linear(x, w, b); }),
                    count) < allowed(dtype, rows));
      }
}

TEST_CASE("rounding: gradients of rows and elements that an index names very often") {
  const std::int64_t n = 300000;
  for (const DType dtype : both)
    for (const std::int64_t width : {1, 5}) {
      const Tensor index = Tensor::full({n}, 1, DType::int64);
      const Tensor rows = gradient({3, width}, 1, term, dtype,
                                   [&](const Variable& x) { return index_select(x, 0, index); });
      CHECK(error(rows.rows(1, 2), static_cast<double>(n)) < allowed(dtype, n));
      CHECK(rows.rows(0, 1).to(DType::float64).to_vector<double>() ==
            std::vector<double>(static_cast<std::size_t>(width), 0));
      const Tensor each = Tensor::full({n, width}, 2, DType::int64);
      const Tensor elements = gradient({3, width}, 1, term, dtype,
                                       [&](const Variable& x) { return gather(x, 0, each); });
      CHECK(error(elements.rows(2, 3), static_cast<double>(n)) < allowed(dtype, n));
    }
}

TEST_CASE("rounding: indices of many and of few repeats, against sums in double") {
  Draw draw(70);
  for (int i = repetitions(12, 200); i > 0; --i) {
    const std::int64_t n = draw.between(2, 5), m = draw.between(900, 6000),
                       width = draw.between(1, 40);
    Tensor index = Tensor::empty({m}, DType::int64);
    // One row takes a quarter of all, so some are named often and others are not.
    for (std::int64_t k = 0; k < m; ++k)
      index.mutable_data<std::int64_t>()[k] = draw.chance(75) ? draw.between(0, n - 1) : 1;
    const Tensor g = draw.values({m, width}, DType::float32);
    std::vector<double> sums(static_cast<std::size_t>(n * width));
    for (std::int64_t k = 0; k < m; ++k)
      for (std::int64_t j = 0; j < width; ++j)
        sums[static_cast<std::size_t>(index.data<std::int64_t>()[k] * width + j)] +=
            static_cast<double>(g.data<float>()[k * width + j]);
    const Variable x = Variable::leaf(Tensor::zeros({n, width}));
    index_select(x, 0, index).backward(g);
    CHECK(deviation(x.grad(), Tensor::from(sums, {n, width})) < 4e-6);
    const Variable z = Variable::leaf(Tensor::zeros({n, width}));
    const Tensor each = kernel::expanded(index.reshape({m, 1}), {m, width});
    gather(z, 0, each).backward(g);
    CHECK(deviation(z.grad(), Tensor::from(sums, {n, width})) < 4e-6);
  }
}

TEST_CASE("rounding: reductions of long and of many axes") {
  const std::int64_t n = 200000;
  const auto count = static_cast<double>(n);
  for (const DType dtype : both)
    for (const auto& [shape, axes] : std::vector<std::pair<Shape, Axes>>{{{n}, 0},
                                                                         {{2, n}, 1},
                                                                         {{n, 1}, 0},
                                                                         {{n, 3}, 0},
                                                                         {{2, n, 3}, 1},
                                                                         {{400, 2, 500}, {0, 2}}}) {
      const std::string what = errors::text(shape, " over ", axes, " in ", dtype);
      CAPTURE(what);
      const Tensor x = terms(shape, dtype);
      CHECK(error(kernel::sum(x, axes), count) < allowed(dtype, n));
      CHECK(error(kernel::mean(x, axes), 1) < allowed(dtype, n));
      // exp(0) = 1 a hundred thousand times over.
      const Tensor logs = kernel::logsumexp(Tensor::zeros(shape, dtype), axes).y;
      CHECK(deviation(logs, Tensor::full(logs.shape(), std::log(count), DType::float64)) <
            allowed(dtype, n));
      Tensor two = ones(shape, dtype), mean;
      for (std::int64_t i = 0; i < two.numel(); i += 2)
        dtype == DType::float32 ? two.mutable_data<float>()[i] = -1
                                : two.mutable_data<double>()[i] = -1;
      if (shape.rank() == 1)
        CHECK(std::abs(kernel::variance(two, axes, KeepDims::no, 0, mean).item() - 1) <
              allowed(dtype, n));
      const Variable leaf = Variable::leaf(x);
      mul(leaf, 1.).backward(x);
      CHECK(std::abs(optim::grad_norm({{"x", leaf}}) /
                         (term * std::sqrt(static_cast<double>(x.numel()))) -
                     1) < 1e-7);
    }
}

TEST_CASE("rounding: convolutions of many channels, large images and large batches") {
  for (const DType dtype : both)
    for (const auto& [x, w, groups] :
         std::vector<std::tuple<Shape, Shape, std::int64_t>>{{{1, 3000, 4, 5}, {16, 3000, 1, 1}, 1},
                                                             {{1, 1500, 4, 5}, {5, 1500, 2, 1}, 1},
                                                             {{1, 2000, 9, 9}, {16, 2000, 3, 3}, 1},
                                                             {{1, 1, 260, 250}, {16, 1, 3, 3}, 1},
                                                             {{1, 1, 260, 250}, {3, 1, 2, 2}, 1},
                                                             {{1, 2, 260, 250}, {2, 1, 3, 3}, 2},
                                                             {{1, 16, 90, 100}, {16, 16, 3, 3}, 1},
                                                             {{3000, 1, 6, 6}, {2, 1, 3, 3}, 1},
                                                             {{1, 3, 1, 5000}, {2, 3, 1, 1}, 1},
                                                             {{1, 3, 5000, 1}, {16, 3, 1, 1}, 1}})
      for (const std::int64_t stride : {1, 2}) {
        if (x[2] * x[3] * w.numel() * x[0] > repetitions(12, 200) * 1'000'000) continue;
        const std::string what = errors::text(x, " * ", w, " stride ", stride, " in ", dtype);
        CAPTURE(what);
        const Conv2dOptions options{stride, 0, 1, groups};
        const Variable image = Variable::leaf(ones(x, dtype)),
                       weight = Variable::leaf(terms(w, dtype));
        const Variable y = conv2d(image, weight, {}, options);
        const std::int64_t column = w.numel(1, 4);
        CHECK(error(y.value(), static_cast<double>(column)) < allowed(dtype, column));
        y.backward(Tensor::full(y.shape(), term, dtype));
        const std::int64_t seen = y.shape()[0] * y.shape()[2] * y.shape()[3];
        CHECK(error(weight.grad(), static_cast<double>(seen)) < allowed(dtype, seen));
      }
}

TEST_CASE("rounding: losses, pools and normalizations over many elements") {
  const std::int64_t n = 200000;
  for (const DType dtype : both) {
    const Tensor zeros = Tensor::zeros({n}, dtype), x = terms({n}, dtype);
    CHECK(error(l1(x, zeros, Reduction::sum).value(), static_cast<double>(n)) < allowed(dtype, n));
    CHECK(error(l1(x, zeros).value(), 1) < allowed(dtype, n));
    CHECK(error(adaptive_avg_pool2d(terms({1, 1, 400, 500}, dtype), {1, 1}).value(), 1) <
          allowed(dtype, n));
    const double two = std::log(2.);
    // In double, one chain for 16384 elements.
    CHECK(std::abs(cross_entropy(Tensor::zeros({n, 2}, dtype), Tensor::zeros({n}, DType::int64))
                           .value()
                           .item() /
                       two -
                   1) < (dtype == DType::float32 ? allowed(dtype, n) : 1e-12));
    // Its bias takes in the seeds of all rows; the weight those times x^, which is 1 or -1.
    Tensor rows = ones({n, 2}, dtype);
    for (std::int64_t i = 0; i < n; ++i)
      dtype == DType::float32 ? rows.mutable_data<float>()[2 * i] = -1
                              : rows.mutable_data<double>()[2 * i] = -1;
    const Tensor weight = ones({2}, dtype);
    CHECK(error(gradient({2}, 0, term, dtype,
                         [&](const Variable& b) { return layer_norm(rows, {2}, weight, b, 0); }),
                static_cast<double>(n)) < allowed(dtype, n));
    const Tensor dw = gradient({2}, 1, term, dtype,
                               [&](const Variable& w) { return layer_norm(rows, {2}, w, {}, 0); });
    CHECK(error(dw.rows(1, 2), static_cast<double>(n)) < allowed(dtype, n));
  }
}
