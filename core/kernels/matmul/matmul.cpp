#include "matmul.hpp"

#include "../../runtime/internal/fail.hpp"
#include "../../runtime/profile.hpp"
#include "../../tensor/internal/broadcasts.hpp"
#include "../broadcast.hpp"

namespace plumb::kernel {
namespace {

// A stack of matrices, read with or without transposing.
struct Operand {
  std::int64_t rows, columns;  // of op(x)
  Shape batch;

  Operand(const Tensor& x, Transpose t) {
    const std::int64_t last = x.dim(-1);
    const std::int64_t before = x.dim(-2);
    rows = t == Transpose::no ? before : last;
    columns = t == Transpose::no ? last : before;
    for (int axis = 0; axis < x.rank() - 2; ++axis) batch.push_back(x.shape()[axis]);
  }
};

// Multiply-adds from which the tiles of one product keep all threads busy.
constexpr std::int64_t large_product = 8'000'000;

std::int64_t leading(const Tensor& x) { return x.shape().numel(0, x.rank() - 1); }

template <class T>
Matrix<T> matrix(const Tensor& x, Transpose t, std::int64_t offset = 0) {
  return {x.data<T>() + offset, x.dim(-1), t};
}

void check_floating(std::string_view operation, const Tensor& a, const Tensor& b) {
  check_same_dtype(operation, a, b);
  if (!is_floating(a.dtype())) fail(operation, "expected float32 or float64, got ", a.dtype());
}

// One product for each element of the broadcast leading axes, into c of all of them.
template <class T>
void batched(const Shape& batch, T* c, Write mode, const Tensor& a, Transpose ta, const Tensor& b,
             Transpose tb, const Operand& left, const Operand& right) {
  const Walk<2> walk(batch, {&left.batch, &right.batch});
  const std::int64_t m = left.rows;
  const std::int64_t n = right.columns;
  const std::int64_t k = left.columns;
  const std::int64_t count = batch.numel();
  const auto products = [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      std::int64_t rest = i, at_a = 0, at_b = 0;
      for (int axis = 0; axis < walk.rank; ++axis) {
        at_a += rest % walk.sizes[axis] * walk.strides[0][axis];
        at_b += rest % walk.sizes[axis] * walk.strides[1][axis];
        rest /= walk.sizes[axis];
      }
      gemm(m, n, k, matrix<T>(a, ta, at_a * m * k), matrix<T>(b, tb, at_b * k * n), c + i * m * n,
           n, mode);
    }
  };
  // Large products spread their own tiles; small ones are spread whole.
  const std::int64_t work = std::max<std::int64_t>(m * n * k, 1);
  if (work >= large_product) return products(0, count);
  parallel_for(count, std::max<std::int64_t>(large_product / 16 / work, 1), products);
}

// "[2, 3] @ [4, 5]^T"
std::string product(const Tensor& a, Transpose ta, const Tensor& b, Transpose tb) {
  return text(a.shape(), ta == Transpose::yes ? "^T" : "", " @ ", b.shape(),
              tb == Transpose::yes ? "^T" : "");
}

}  // namespace

Tensor matmul(const Tensor& a, Transpose ta, const Tensor& b, Transpose tb) {
  check_floating("matmul", a, b);
  if (a.rank() < 2 || b.rank() < 2)
    fail("matmul", "expected two or more axes each, got ", a.shape(), " @ ", b.shape());
  const Operand left(a, ta);
  const Operand right(b, tb);
  if (left.columns != right.rows)
    fail("matmul", "inner dimensions differ: ", product(a, ta, b, tb));
  if (!plumb::detail::broadcasts(left.batch, right.batch))
    fail("matmul", "leading axes do not broadcast: ", product(a, ta, b, tb));
  Shape shape = broadcast("matmul", left.batch, right.batch);
  shape.push_back(left.rows);
  shape.push_back(right.columns);
  Tensor c = Tensor::empty(shape, a.dtype());
  matmul_into(c, Write::overwrite, a, ta, b, tb);
  return c;
}

void matmul_into(Tensor& c, Write mode, const Tensor& a, Transpose ta, const Tensor& b,
                 Transpose tb) {
  const Operand left(a, ta);
  const Operand right(b, tb);
  const Shape batch = broadcast("matmul", left.batch, right.batch);
  Profiled::add_multiply_adds(batch.numel(), left.rows, left.columns, right.columns);
  dispatch_floating("matmul", c.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const std::int64_t m = left.rows;
    const std::int64_t n = right.columns;
    const std::int64_t k = left.columns;
    if (b.rank() == 2 && ta == Transpose::no && c.rank() == a.rank()) {
      // All matrices of a stand below one another: one tall product.
      return gemm(leading(a), n, k, matrix<T>(a, ta), matrix<T>(b, tb), c.mutable_data<T>(), n,
                  mode);
    }
    if (c.rank() == 2 && ta == Transpose::yes && tb == Transpose::no && left.batch == right.batch) {
      // The sum over the batch of a^T b is one product with a long inner side.
      return gemm(m, n, leading(a), matrix<T>(a, ta), matrix<T>(b, tb), c.mutable_data<T>(), n,
                  mode);
    }
    Shape full = batch;
    full.push_back(m);
    full.push_back(n);
    if (c.shape() == full)
      return batched(batch, c.mutable_data<T>(), mode, a, ta, b, tb, left, right);
    Tensor all = Tensor::empty(full, c.dtype());
    batched(batch, all.mutable_data<T>(), Write::overwrite, a, ta, b, tb, left, right);
    sum_to(all, c, mode);
  });
}

Tensor linear(const Tensor& x, const Tensor& w, const Tensor& bias, Activation activation) {
  check_floating("linear", x, w);
  if (w.rank() != 2 || x.rank() < 1 || x.dim(-1) != w.dim(1))
    fail("linear", "expected x [..., in] and w [out, in], got ", x.shape(), " and ", w.shape());
  const std::int64_t outputs = w.dim(0);
  if (bias.defined()) {
    check_same_dtype("linear", x, bias);
    if (bias.shape() != Shape{outputs})
      fail("linear", "expected a bias of ", Shape{outputs}, ", got ", bias.shape());
  }
  Shape shape = x.shape();
  shape[shape.rank() - 1] = outputs;
  Tensor y = Tensor::empty(shape, x.dtype());
  Profiled::add_multiply_adds(y.numel(), w.dim(1));
  dispatch_floating("linear", x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    gemm(leading(x), outputs, w.dim(1), matrix<T>(x, Transpose::no), matrix<T>(w, Transpose::yes),
         y.mutable_data<T>(), outputs, Write::overwrite, bias.defined() ? bias.data<T>() : nullptr,
         activation);
  });
  return y;
}

void linear_input_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& w) {
  Profiled::add_multiply_adds(g.numel(), w.dim(1));
  dispatch_floating("linear", dx.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    gemm(leading(g), w.dim(1), w.dim(0), matrix<T>(g, Transpose::no), matrix<T>(w, Transpose::no),
         dx.mutable_data<T>(), w.dim(1), mode);
  });
}

void linear_weight_into(Tensor& dw, Write mode, const Tensor& g, const Tensor& x) {
  Profiled::add_multiply_adds(g.numel(), dw.dim(1));
  dispatch_floating("linear", dw.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    gemm(dw.dim(0), dw.dim(1), leading(x), matrix<T>(g, Transpose::yes),
         matrix<T>(x, Transpose::no), dw.mutable_data<T>(), dw.dim(1), mode);
  });
}

}  // namespace plumb::kernel
