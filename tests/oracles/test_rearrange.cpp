// Padding, flips, other sizes and sums of products, against xtensor's views and products.
#include <doctest/doctest.h>

#include <algorithm>
#include <plumb/autograd/ops/einsum.hpp>
#include <plumb/autograd/ops/interpolate.hpp>
#include <plumb/autograd/ops/padding.hpp>
#include <plumb/autograd/ops/shape.hpp>
#include <plumb/core/runtime/error.hpp>
#include <xtensor-blas/xlinalg.hpp>

#include "arrays.hpp"

using namespace plumb;
using namespace plumb::test;

namespace {

using Places = std::vector<std::int64_t>;  // along an axis; -1 for the number of a padding

// x with an axis as the middle one of three.
Fixed<3> around(const Array& x, int axis) {
  std::array<std::size_t, 3> sizes = {1, 1, 1};
  for (std::size_t i = 0; i < x.dimension(); ++i)
    sizes[i < static_cast<std::size_t>(axis)    ? 0
          : i == static_cast<std::size_t>(axis) ? 1
                                                : 2] *= x.shape(i);
  return Fixed<3>(xt::reshape_view(x, sizes));
}

Array with_axis(Array shaped, const Fixed<3>& x, int axis) {
  auto sizes = shaped.shape();
  sizes[static_cast<std::size_t>(axis)] = x.shape(1);
  return Array(xt::reshape_view(x, sizes));
}

Array picked(const Array& x, int axis, const Places& places, double number) {
  const Fixed<3> from = around(x, axis);
  Fixed<3> y = number * xt::ones<double>({from.shape(0), places.size(), from.shape(2)});
  for (std::size_t k = 0; k < places.size(); ++k)
    if (places[k] >= 0)
      xt::view(y, xt::all(), k, xt::all()) = xt::view(from, xt::all(), places[k], xt::all());
  return with_axis(x, y, axis);
}

Array given_back(const Array& g, int axis, const Places& places, std::int64_t size) {
  const Fixed<3> from = around(g, axis);
  Fixed<3> dx = xt::zeros<double>({from.shape(0), static_cast<std::size_t>(size), from.shape(2)});
  for (std::size_t k = 0; k < places.size(); ++k)
    if (places[k] >= 0)
      xt::view(dx, xt::all(), places[k], xt::all()) += xt::view(from, xt::all(), k, xt::all());
  return with_axis(g, dx, axis);
}

// What an operation makes of an axis, and the gradient that this gives.
struct Mapped {
  std::vector<Places> places;  // one for each axis; none: as it is

  Array forward(Array x, double number = 0) const {
    for (std::size_t axis = 0; axis < places.size(); ++axis)
      if (!places[axis].empty()) x = picked(x, static_cast<int>(axis), places[axis], number);
    return x;
  }
  Array backward(Array g, const Shape& shape) const {
    for (std::size_t axis = 0; axis < places.size(); ++axis)
      if (!places[axis].empty())
        g = given_back(g, static_cast<int>(axis), places[axis], shape[static_cast<int>(axis)]);
    return g;
  }
};

// The places of a padded axis, put in or taken away one by one.
Places padded_places(std::int64_t size, std::int64_t before, std::int64_t behind, PadMode mode) {
  Places all;
  for (std::int64_t i = 0; i < size; ++i) all.push_back(i);
  Places places = all;
  const auto next = [&](std::int64_t k, bool front) -> std::int64_t {
    if (mode == PadMode::constant) return -1;
    if (mode == PadMode::replicate) return front ? 0 : size - 1;
    return front ? all[static_cast<std::size_t>(k)] : all[static_cast<std::size_t>(size - 1 - k)];
  };
  for (std::int64_t k = 1; k <= before; ++k) places.insert(places.begin(), next(k, true));
  for (std::int64_t k = 1; k <= behind; ++k) places.push_back(next(k, false));
  for (; before < 0; ++before) places.erase(places.begin());
  for (; behind < 0; ++behind) places.pop_back();
  return places;
}

void check_mapped(Draw& draw, const Variable& x, const Variable& y, const Mapped& mapped,
                  double number = 0) {
  CHECK(distance(y.value(), mapped.forward(wide(x.value()), number)) == 0);
  const Tensor g = draw.values(y.shape(), y.dtype());
  y.backward(g);
  CHECK(distance(x.grad(), mapped.backward(wide(g), x.shape()), 4) < tolerance(y.dtype()));
}

}  // namespace

TEST_CASE_FIXTURE(FreshMemory, "oracle: padded tensors and their gradients") {
  Draw draw(50);
  for (int i = repetitions(60, 3000); i > 0; --i) {
    const int rank = static_cast<int>(draw.between(1, 5));
    const Shape shape = draw.shape(rank, 1000);
    const PadMode mode =
        draw.of<PadMode>({PadMode::constant, PadMode::reflect, PadMode::replicate});
    Mapped mapped{std::vector<Places>(static_cast<std::size_t>(rank))};
    std::vector<std::int64_t> amounts;
    const auto first = static_cast<int>(draw.between(0, rank - 1));
    for (int axis = rank - 1; axis >= first; --axis) {
      const std::int64_t size = shape[axis];
      const std::int64_t border = axis == first && draw.chance(20) ? 70 : draw.between(1, 3);
      const std::int64_t most = mode == PadMode::reflect ? size - 1 : border;
      const std::int64_t before = draw.between(-std::min<std::int64_t>(size - 1, 2), most);
      const std::int64_t behind = draw.between(
          -std::min<std::int64_t>(size - 1 + std::min<std::int64_t>(before, 0), 2), most);
      amounts.insert(amounts.end(), {before, behind});
      mapped.places[static_cast<std::size_t>(axis)] = padded_places(size, before, behind, mode);
    }
    const std::string what = errors::text(shape, " mode ", static_cast<int>(mode), " axes ",
                                          static_cast<std::int64_t>(amounts.size() / 2), " last ",
                                          amounts[0], " ", amounts[1]);
    CAPTURE(what);
    const Variable x = Variable::leaf(draw.values(shape, draw.floating()));
    check_mapped(draw, x, pad(x, amounts, mode, 0.5), mapped, 0.5);
  }
}

TEST_CASE_FIXTURE(FreshMemory, "oracle: flipped tensors and their gradients") {
  Draw draw(51);
  for (int i = repetitions(100, 3000); i > 0; --i) {
    const int rank = static_cast<int>(draw.between(1, 5));
    const Shape shape = draw.shape(rank, 5000);
    Mapped mapped{std::vector<Places>(static_cast<std::size_t>(rank))};
    Axes axes;
    for (int axis = 0; axis < rank; ++axis) {
      if (draw.chance(40)) continue;
      axes.push_back(axis);
      for (std::int64_t k = shape[axis]; k > 0;)
        mapped.places[static_cast<std::size_t>(axis)].push_back(--k);
    }
    const std::string what = errors::text(shape, " along ", axes);
    CAPTURE(what);
    const Variable x = Variable::leaf(draw.values(shape, draw.floating()));
    check_mapped(draw, x, flip(x, axes), mapped);
  }
}

TEST_CASE_FIXTURE(FreshMemory, "oracle: the nearest elements and their gradients") {
  Draw draw(52);
  for (int i = repetitions(60, 3000); i > 0; --i) {
    const Shape shape{draw.between(1, 3), draw.size(20), draw.size(30), draw.size(30)};
    const Size2d size(draw.size(70), draw.size(70));
    Mapped mapped{std::vector<Places>(4)};
    // Place k is that of the last element whose share of the axis begins at or before k.
    const auto places = [](std::int64_t in, std::int64_t out) {
      Places all;
      std::int64_t at = 0;
      for (std::int64_t k = 0; k < out; ++k) {
        while ((at + 1) * out <= k * in) ++at;
        all.push_back(at);
      }
      return all;
    };
    mapped.places[2] = places(shape[2], size.height);
    mapped.places[3] = places(shape[3], size.width);
    const std::string what = errors::text(shape, " to ", size);
    CAPTURE(what);
    const Variable x = Variable::leaf(draw.values(shape, draw.floating()));
    check_mapped(draw, x, interpolate(x, size), mapped);
  }
}

TEST_CASE_FIXTURE(FreshMemory,
                  "oracle: bilinear means as products with hats, and their gradients") {
  Draw draw(53);
  for (int i = repetitions(100, 3000); i > 0; --i) {
    const Shape shape{draw.between(1, 2), draw.size(6), draw.size(40), draw.size(40)};
    const Size2d size(draw.size(70), draw.size(70));
    const bool corners = draw.chance(50);
    // Row k holds a hat: 1 where the sample lies and 0 from the next elements on.
    const auto hats = [&](std::int64_t in, std::int64_t out) {
      Fixed<2> rows = xt::zeros<double>({out, in});
      for (std::int64_t k = 0; k < out; ++k) {
        double at = corners ? (out > 1 ? static_cast<double>(k * (in - 1)) / double(out - 1) : 0)
                            : (double(k) + 0.5) * double(in) / double(out) - 0.5;
        at = std::clamp(at, 0.0, static_cast<double>(in - 1));
        for (std::int64_t j = 0; j < in; ++j)
          rows(k, j) = std::max(0.0, 1 - std::abs(at - double(j)));
      }
      return rows;
    };
    const Fixed<2> rows = hats(shape[2], size.height), columns = hats(shape[3], size.width);
    const std::string what = errors::text(shape, " to ", size, corners ? " corners" : " edges");
    CAPTURE(what);
    const DType dtype = draw.floating();
    const Variable x = Variable::leaf(draw.values(shape, dtype));
    const Variable y = interpolate(
        x, size, {Interpolation::linear, corners ? AlignCorners::yes : AlignCorners::no});
    const Tensor g = draw.values(y.shape(), dtype);
    y.backward(g);
    const Fixed<4> xs = wide<4>(x.value()), gs = wide<4>(g);
    Fixed<4> ys = xt::zeros<double>(gs.shape()), dx = xt::zeros<double>(xs.shape());
    for (std::size_t n = 0; n < xs.shape(0); ++n)
      for (std::size_t c = 0; c < xs.shape(1); ++c) {
        const Fixed<2> from = xt::view(xs, n, c), back = xt::view(gs, n, c);
        xt::view(ys, n, c) = xt::linalg::dot(Fixed<2>(xt::linalg::dot(rows, from)),
                                             Fixed<2>(xt::transpose(columns)));
        xt::view(dx, n, c) = xt::linalg::dot(
            Fixed<2>(xt::linalg::dot(Fixed<2>(xt::transpose(rows)), back)), columns);
      }
    CHECK(distance(y.value(), ys) < tolerance(dtype));
    CHECK(distance(x.grad(), dx, 1) < tolerance(dtype));
  }
}

TEST_CASE_FIXTURE(FreshMemory, "oracle: sums of products over letters") {
  Draw draw(54);
  for (int i = repetitions(200, 5000); i > 0; --i) {
    const std::string letters = "abcd";
    std::array<std::int64_t, 4> sizes{};
    for (std::int64_t& size : sizes) size = draw.between(1, 5);
    const auto word = [&](bool unique, const std::string& from) {
      std::string out;
      for (std::int64_t k = draw.between(0, 4); k > 0 && !from.empty(); --k) {
        const char c = from[static_cast<std::size_t>(
            draw.between(0, static_cast<std::int64_t>(from.size()) - 1))];
        if (!unique || out.find(c) == std::string::npos) out += c;
      }
      return out;
    };
    const std::string first = word(false, letters), second = word(false, letters),
                      result = word(true, first + second);
    const std::string equation = first + "," + second + "->" + result;
    CAPTURE(equation);
    const auto shape = [&](const std::string& axes) {
      Shape s;
      for (const char c : axes) s.push_back(sizes[static_cast<std::size_t>(c - 'a')]);
      return s;
    };
    const DType dtype = draw.floating();
    const Variable a = Variable::leaf(draw.values(shape(first), dtype)),
                   b = Variable::leaf(draw.values(shape(second), dtype));
    const Variable y = einsum(equation, a, b);
    REQUIRE(y.shape() == shape(result));
    const Tensor g = draw.values(y.shape(), dtype);
    y.backward(g);
    const Array as = wide(a.value()), bs = wide(b.value()), gs = wide(g);
    Array ys = xt::zeros<double>(gs.shape()), da = xt::zeros<double>(as.shape()),
          db = xt::zeros<double>(bs.shape());
    const std::string used = first + second;
    std::array<std::int64_t, 4> at{}, end{};
    for (std::size_t k = 0; k < 4; ++k)
      end[k] = used.find(letters[k]) == std::string::npos ? 1 : sizes[k];
    const auto place = [&](const std::string& axes) {
      std::vector<std::size_t> index;
      for (const char c : axes)
        index.push_back(static_cast<std::size_t>(at[static_cast<std::size_t>(c - 'a')]));
      return index;
    };
    for (at[0] = 0; at[0] < end[0]; ++at[0])
      for (at[1] = 0; at[1] < end[1]; ++at[1])
        for (at[2] = 0; at[2] < end[2]; ++at[2])
          for (at[3] = 0; at[3] < end[3]; ++at[3]) {
            const auto ia = place(first), ib = place(second), iy = place(result);
            const double x1 = as.element(ia.begin(), ia.end()),
                         x2 = bs.element(ib.begin(), ib.end()),
                         slope = gs.element(iy.begin(), iy.end());
            ys.element(iy.begin(), iy.end()) += x1 * x2;
            da.element(ia.begin(), ia.end()) += slope * x2;
            db.element(ib.begin(), ib.end()) += slope * x1;
          }
    CHECK(distance(y.value(), ys, 10) < tolerance(dtype));
    CHECK(distance(a.grad(), da, 10) < tolerance(dtype));
    CHECK(distance(b.grad(), db, 10) < tolerance(dtype));
  }
}
