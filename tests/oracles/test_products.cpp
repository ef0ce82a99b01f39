// Matrix products against xtensor-blas.
#include <doctest/doctest.h>

#include <plumb/autograd/ops/matmul.hpp>
#include <xtensor-blas/xlinalg.hpp>

#include "arrays.hpp"

using namespace plumb;
using namespace plumb::test;

namespace {

Fixed<2> product_of(const Fixed<2>& a, const Fixed<2>& b) { return xt::linalg::dot(a, b); }

Fixed<2> turned_around(const Fixed<2>& x) { return xt::transpose(x); }
Fixed<2> turned_if(Transpose t, const Fixed<2>& x) {
  return t == Transpose::yes ? turned_around(x) : x;
}

// Of a sum of so many random terms.
double size_of(std::int64_t terms) { return std::sqrt(static_cast<double>(terms)); }

Transpose draw_transpose(Draw& draw) { return draw.chance(50) ? Transpose::yes : Transpose::no; }

struct Sizes {
  std::int64_t m, n, k;
};

// Often few rows or columns, or a long inner side: each kernel has its turn.
Sizes draw_sizes(Draw& draw) {
  const auto one = [&] { return draw.chance(30) ? draw.between(1, 4) : draw.size(150); };
  Sizes s{one(), one(), draw.chance(20) ? draw.between(780, 3000) : draw.size(300)};
  while (s.m * s.n * s.k > 2'000'000) (s.m > s.n ? s.m : s.n) /= 2;
  return s;
}

}  // namespace

TEST_CASE_FIXTURE(FreshMemory, "oracle: products of two matrices and their gradients") {
  Draw draw(10);
  for (int i = repetitions(150, 6000); i > 0; --i) {
    const Sizes sizes = draw_sizes(draw);
    const std::int64_t m = sizes.m, n = sizes.n, k = sizes.k;
    const Transpose ta = draw_transpose(draw), tb = draw_transpose(draw);
    const DType dtype = draw.floating();
    CAPTURE(m);
    CAPTURE(n);
    CAPTURE(k);
    CAPTURE(static_cast<int>(ta));
    CAPTURE(static_cast<int>(tb));
    const auto shape = [](std::int64_t rows, std::int64_t columns, Transpose t) {
      return t == Transpose::yes ? Shape{columns, rows} : Shape{rows, columns};
    };
    const Variable a = Variable::leaf(draw.values(shape(m, k, ta), dtype));
    const Variable b = Variable::leaf(draw.values(shape(k, n, tb), dtype));
    const Tensor g = draw.values({m, n}, dtype);
    const Variable c = matmul(a, b, ta, tb);
    c.backward(g);
    const Fixed<2> left = turned_if(ta, wide<2>(a.value())),
                   right = turned_if(tb, wide<2>(b.value())), seed = wide<2>(g);
    CHECK(distance(c.value(), product_of(left, right), size_of(k)) < tolerance(dtype));
    CHECK(distance(a.grad(), turned_if(ta, product_of(seed, turned_around(right))), size_of(n)) <
          tolerance(dtype));
    CHECK(distance(b.grad(), turned_if(tb, product_of(turned_around(left), seed)), size_of(m)) <
          tolerance(dtype));
  }
}

TEST_CASE_FIXTURE(FreshMemory,
                  "oracle: products along thousands of rows, as gradients of weights") {
  Draw draw(13);
  for (int i = repetitions(3, 60); i > 0; --i) {
    const std::int64_t m = draw.between(100, 700), n = draw.between(100, 300),
                       k = draw.between(4096, 20'000);
    const bool twice = draw.chance(50);  // then it is added to what is there
    const DType dtype = draw.floating();
    CAPTURE(m);
    CAPTURE(n);
    CAPTURE(k);
    const Variable x = draw.values({k, n}, dtype);
    const Variable w = Variable::leaf(draw.values({m, n}, dtype));
    const Tensor g = draw.values({k, m}, dtype);
    linear(x, w).backward(g);
    Fixed<2> expected = product_of(turned_around(wide<2>(g)), wide<2>(x.value()));
    if (twice) {
      linear(x, w).backward(g);
      expected *= 2;
    }
    CHECK(distance(w.grad(), expected, size_of(k)) < tolerance(dtype));
  }
}

TEST_CASE_FIXTURE(FreshMemory,
                  "oracle: stacks of products, one side broadcast, and their gradients") {
  Draw draw(11);
  for (int i = repetitions(60, 2000); i > 0; --i) {
    const std::int64_t stack = draw.between(1, 6), m = draw.size(40), n = draw.size(40),
                       k = draw.size(60);
    const bool stretched_a = draw.chance(30), stretched_b = !stretched_a && draw.chance(40);
    const bool flat = stretched_b && draw.chance(50);  // b without an axis for the stack
    const Transpose tb = draw_transpose(draw);
    const DType dtype = draw.floating();
    CAPTURE(stack);
    CAPTURE(m);
    CAPTURE(n);
    CAPTURE(k);
    Shape b_shape = tb == Transpose::yes ? Shape{n, k} : Shape{k, n};
    const Shape b_stack{stretched_b ? 1 : stack, b_shape[0], b_shape[1]};
    if (!flat) b_shape = b_stack;
    const Variable a = Variable::leaf(draw.values({stretched_a ? 1 : stack, m, k}, dtype));
    const Variable b = Variable::leaf(draw.values(b_shape, dtype));
    const Variable c = matmul(a, b, Transpose::no, tb);
    const Tensor g = draw.values(c.shape(), dtype);
    c.backward(g);
    const Fixed<3> as = wide<3>(a.value()), bs = wide<3>(b.value().reshape(b_stack)),
                   gs = wide<3>(g);
    Fixed<3> y = xt::zeros<double>(gs.shape()), da = xt::zeros<double>(as.shape()),
             db = xt::zeros<double>(bs.shape());
    for (std::int64_t s = 0; s < stack; ++s) {
      const std::int64_t at_a = stretched_a ? 0 : s, at_b = stretched_b ? 0 : s;
      const Fixed<2> left = xt::view(as, at_a), seed = xt::view(gs, s),
                     right = turned_if(tb, Fixed<2>(xt::view(bs, at_b)));
      xt::view(y, s) = product_of(left, right);
      xt::view(da, at_a) += product_of(seed, turned_around(right));
      xt::view(db, at_b) += turned_if(tb, product_of(turned_around(left), seed));
    }
    CHECK(distance(c.value(), y, size_of(k)) < tolerance(dtype));
    CHECK(distance(a.grad(), da, size_of(n)) < tolerance(dtype));
    CHECK(distance(b.grad().reshape(b_stack), db, size_of(m)) < tolerance(dtype));
  }
}

TEST_CASE_FIXTURE(FreshMemory,
                  "oracle: linear, with and without bias and ReLU, and its gradients") {
  Draw draw(12);
  for (int i = repetitions(100, 4000); i > 0; --i) {
    const Sizes sizes = draw_sizes(draw);
    const std::int64_t rows = sizes.m, outputs = sizes.n, inputs = sizes.k;
    const bool relu = draw.chance(50), biased = draw.chance(70);
    const DType dtype = draw.floating();
    CAPTURE(rows);
    CAPTURE(outputs);
    CAPTURE(inputs);
    CAPTURE(relu);
    const Variable x = Variable::leaf(draw.values({rows, inputs}, dtype));
    const Variable w = Variable::leaf(draw.values({outputs, inputs}, dtype));
    const Variable bias = biased ? Variable::leaf(draw.values({outputs}, dtype)) : Variable();
    const Variable y = relu ? linear_relu(x, w, bias) : linear(x, w, bias);
    const Tensor g = draw.values(y.shape(), dtype);
    y.backward(g);
    Fixed<2> sums = product_of(wide<2>(x.value()), turned_around(wide<2>(w.value())));
    if (biased) sums += wide<1>(bias.value());
    // Whether a sum near 0 passed is what rounding made of it: as the result says.
    const Fixed<2> passed = relu ? Fixed<2>(xt::cast<double>(wide<2>(y.value()) > 0.))
                                 : Fixed<2>(xt::ones<double>(sums.shape()));
    const Fixed<2> seed = wide<2>(g) * passed;
    CHECK(distance(y.value(), relu ? Fixed<2>(xt::maximum(sums, 0.)) : sums, size_of(inputs)) <
          tolerance(dtype));
    CHECK(distance(x.grad(), product_of(seed, wide<2>(w.value())), size_of(outputs)) <
          tolerance(dtype));
    CHECK(distance(w.grad(), product_of(turned_around(seed), wide<2>(x.value())), size_of(rows)) <
          tolerance(dtype));
    if (biased) CHECK(distance(bias.grad(), xt::sum(seed, {0}), size_of(rows)) < tolerance(dtype));
  }
}
