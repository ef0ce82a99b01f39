// Permutations, slices, joined and repeated tensors, and picked elements, against xtensor's views.
#include <doctest/doctest.h>

#include <algorithm>
#include <plumb/autograd/ops/indexing.hpp>
#include <plumb/autograd/ops/shape.hpp>
#include <plumb/core/runtime/error.hpp>
#include <xtensor/xmanipulation.hpp>
#include <xtensor/xstrided_view.hpp>

#include "arrays.hpp"

using namespace plumb;
using namespace plumb::test;

namespace {

std::vector<std::size_t> sizes_of(const Shape& shape) { return {shape.begin(), shape.end()}; }

// The axis as the middle one of three.
Shape around(const Shape& shape, int axis) {
  return {shape.numel(0, axis), shape[axis], shape.numel(axis + 1, shape.rank())};
}

Tensor draw_indices(Draw& draw, const Shape& shape, std::int64_t below) {
  Tensor index = Tensor::empty(shape, DType::int64);
  for (std::int64_t i = 0; i < index.numel(); ++i)
    index.mutable_data<std::int64_t>()[i] = draw.between(0, below - 1);
  return index;
}

}  // namespace

TEST_CASE_FIXTURE(FreshMemory, "oracle: permutations and their gradients") {
  Draw draw(30);
  for (int i = repetitions(150, 4000); i > 0; --i) {
    const int rank = static_cast<int>(draw.between(1, 5));
    const DType dtype = draw.floating();
    const Variable x = Variable::leaf(
        draw.values(draw.shape(rank, draw.of<std::int64_t>({30, 3000, 60000})), dtype));
    std::vector<int> order;
    for (int axis = 0; axis < rank; ++axis)
      order.insert(order.begin() + draw.between(0, axis), axis);
    const std::string what = errors::text(x.shape(), " in order ", Axes(order));
    CAPTURE(what);
    const Variable y = permute(x, Axes(order));
    CHECK(distance(y.value(), xt::transpose(wide(x.value()), order)) == 0);
    const Tensor g = draw.values(y.shape(), dtype);
    y.backward(g);
    std::vector<int> back(order.size());
    for (std::size_t axis = 0; axis < order.size(); ++axis)
      back[static_cast<std::size_t>(order[axis])] = static_cast<int>(axis);
    CHECK(distance(x.grad(), xt::transpose(wide(g), back)) == 0);
  }
}

TEST_CASE_FIXTURE(FreshMemory, "oracle: slices and their gradients") {
  Draw draw(31);
  for (int i = repetitions(150, 4000); i > 0; --i) {
    const int rank = static_cast<int>(draw.between(1, 4));
    const DType dtype = draw.floating();
    const Variable x = Variable::leaf(draw.values(draw.shape(rank, 5000), dtype));
    const int axis = static_cast<int>(draw.between(0, rank - 1));
    const std::int64_t size = x.shape()[axis];
    const std::int64_t begin = draw.between(0, size - 1), end = draw.between(begin + 1, size),
                       step = draw.between(1, 3);
    const std::string what =
        errors::text(x.shape(), " axis ", axis, ": ", begin, ":", end, ":", step);
    CAPTURE(what);
    const Variable y = slice(x, axis, begin, end, step);
    xt::xstrided_slice_vector taken(static_cast<std::size_t>(rank), xt::all());
    taken[static_cast<std::size_t>(axis)] = xt::range(begin, end, step);
    const Array whole = wide(x.value());
    CHECK(distance(y.value(), Array(xt::strided_view(whole, taken))) == 0);
    const Tensor g = draw.values(y.shape(), dtype);
    y.backward(g);
    Array dx = xt::zeros_like(whole);
    xt::strided_view(dx, taken) = wide(g);
    CHECK(distance(x.grad(), dx) == 0);
  }
}

TEST_CASE_FIXTURE(FreshMemory, "oracle: joined and stacked tensors and their gradients") {
  Draw draw(32);
  for (int i = repetitions(100, 3000); i > 0; --i) {
    const int rank = static_cast<int>(draw.between(1, 4));
    const DType dtype = draw.floating();
    const Shape shape = draw.shape(rank, 3000);
    const auto axis = static_cast<std::size_t>(draw.between(0, rank - 1));
    const int along = static_cast<int>(axis);
    Shape longer = shape;
    longer[along] += draw.between(0, 5);
    const Variable a = Variable::leaf(draw.values(shape, dtype)),
                   b = Variable::leaf(draw.values(longer, dtype)),
                   c = Variable::leaf(draw.values(shape, dtype));
    const Array as = wide(a.value()), bs = wide(b.value()), cs = wide(c.value());
    const Variable joined = concat({a, b, c}, along);
    CHECK(distance(joined.value(), xt::concatenate(xt::xtuple(as, bs, cs), axis)) == 0);
    CHECK(distance(stack({a, c}, along).value(), xt::stack(xt::xtuple(as, cs), axis)) == 0);
    const Tensor g = draw.values(joined.shape(), dtype);
    joined.backward(g);
    const Array gs = wide(g);
    const auto part = [&](std::int64_t from, std::int64_t to) {
      xt::xstrided_slice_vector taken(static_cast<std::size_t>(rank), xt::all());
      taken[axis] = xt::range(from, to);
      return Array(xt::strided_view(gs, taken));
    };
    const std::int64_t first = shape[along], second = first + longer[along];
    CHECK(distance(a.grad(), part(0, first)) == 0);
    CHECK(distance(b.grad(), part(first, second)) == 0);
    CHECK(distance(c.grad(), part(second, second + first)) == 0);
  }
}

TEST_CASE_FIXTURE(FreshMemory, "oracle: repeated tensors and their gradients") {
  Draw draw(33);
  for (int i = repetitions(100, 3000); i > 0; --i) {
    const int rank = static_cast<int>(draw.between(1, 5));
    const DType dtype = draw.floating();
    const Shape whole = draw.shape(rank, 5000);
    const int missing = static_cast<int>(draw.between(0, rank - 1));
    Shape own;
    std::vector<std::size_t> stretched;
    for (int axis = 0; axis < rank; ++axis) {
      const bool stretch = axis < missing || draw.chance(40);
      if (stretch) stretched.push_back(static_cast<std::size_t>(axis));
      if (axis >= missing) own.push_back(stretch ? 1 : whole[axis]);
    }
    const std::string what = errors::text(own, " to ", whole);
    CAPTURE(what);
    const Variable x = Variable::leaf(draw.values(own, dtype));
    const Variable y = broadcast_to(x, whole);
    CHECK(distance(y.value(), xt::broadcast(wide(x.value()), sizes_of(whole))) == 0);
    const Tensor g = draw.values(whole, dtype);
    y.backward(g);
    Array dx = stretched.empty() ? wide(g) : Array(xt::sum(wide(g), stretched));
    dx.reshape(sizes_of(own));
    const auto terms = static_cast<double>(whole.numel() / own.numel());
    CHECK(distance(x.grad(), dx, std::sqrt(terms)) < tolerance(dtype));
  }
}

TEST_CASE_FIXTURE(FreshMemory, "oracle: rows picked by an index, and what they give back") {
  Draw draw(34);
  for (int i = repetitions(100, 3000); i > 0; --i) {
    const int rank = static_cast<int>(draw.between(1, 4));
    const DType dtype = draw.floating();
    const Variable x = Variable::leaf(draw.values(draw.shape(rank, 3000), dtype));
    const int axis = static_cast<int>(draw.between(0, rank - 1));
    const Tensor index = draw_indices(draw, {draw.size(40)}, x.shape()[axis]);
    const Variable y = index_select(x, axis, index);
    const std::vector<std::int64_t> at = index.to_vector<std::int64_t>();
    const Fixed<3> from = wide<3>(x.value().reshape(around(x.shape(), axis)));
    const Fixed<3> picked = xt::view(from, xt::all(), xt::keep(at), xt::all());
    CHECK(distance(y.value().reshape(around(y.shape(), axis)), picked) == 0);
    const Tensor g = draw.values(y.shape(), dtype);
    y.backward(g);
    const Fixed<3> gs = wide<3>(g.reshape(around(g.shape(), axis)));
    Fixed<3> dx = xt::zeros<double>(from.shape());
    for (std::size_t k = 0; k < at.size(); ++k)
      xt::view(dx, xt::all(), at[k], xt::all()) += xt::view(gs, xt::all(), k, xt::all());
    CHECK(distance(x.grad().reshape(around(x.shape(), axis)), dx) < tolerance(dtype));
  }
}

TEST_CASE_FIXTURE(FreshMemory, "oracle: elements picked by an index, and what they give back") {
  Draw draw(35);
  for (int i = repetitions(100, 3000); i > 0; --i) {
    const DType dtype = draw.floating();
    const Shape shape = draw.shape(3, 3000);
    const int axis = static_cast<int>(draw.between(0, 2));
    Shape picked = shape;
    for (int other = 0; other < 3; ++other)
      if (other == axis || draw.chance(30)) picked[other] = draw.between(1, shape[other]);
    if (draw.chance(30)) picked[axis] = draw.size(100);
    const Variable x = Variable::leaf(draw.values(shape, dtype));
    const Tensor index = draw_indices(draw, picked, shape[axis]);
    const Variable y = gather(x, axis, index);
    const Tensor g = draw.values(picked, dtype);
    y.backward(g);
    const Fixed<3> xs = wide<3>(x.value()), gs = wide<3>(g), at = wide<3>(index);
    Fixed<3> expected = xt::zeros<double>(gs.shape()), dx = xt::zeros<double>(xs.shape());
    for (std::size_t a = 0; a < gs.shape(0); ++a)
      for (std::size_t b = 0; b < gs.shape(1); ++b)
        for (std::size_t c = 0; c < gs.shape(2); ++c) {
          std::array<std::size_t, 3> from = {a, b, c};
          from[static_cast<std::size_t>(axis)] = static_cast<std::size_t>(at(a, b, c));
          expected(a, b, c) = xs[from];
          dx[from] += gs(a, b, c);
        }
    CHECK(distance(y.value(), expected) == 0);
    CHECK(distance(x.grad(), dx) < tolerance(dtype));
  }
}
