// Pooling against maxima and sums over xtensor's strided views of the padded image.
#include <doctest/doctest.h>

#include <limits>
#include <plumb/autograd/ops/pooling.hpp>
#include <plumb/core/runtime/error.hpp>

#include "arrays.hpp"

using namespace plumb;
using namespace plumb::test;

namespace {

// Windows over images; of signals the height is 1.
struct Pool {
  Shape x;
  Size2d kernel = 1, stride = 1, padding = 0, dilation = 1;
  Size2d positions = 1;
  CeilMode ceil_mode = CeilMode::no;

  std::string text() const {
    return plumb::errors::text("x ", x, " kernel ", kernel, " stride ", stride, " padding ",
                               padding, " dilation ", dilation,
                               ceil_mode == CeilMode::yes ? " ceil" : "");
  }
};

Pool draw_pool(Draw& draw, bool dilated) {
  Pool p;
  const std::int64_t most = draw.of<std::int64_t>({4, 12, 40});
  if (draw.chance(40)) p.ceil_mode = CeilMode::yes;
  const bool twos = draw.chance(30);  // the commonest windows have kernels of their own
  const auto side = [&](std::int64_t& kernel, std::int64_t& stride, std::int64_t& padding,
                        std::int64_t& dilation, std::int64_t& positions) {
    kernel = twos ? 2 : draw.between(1, 5);
    stride = twos ? 2 : draw.between(1, 4);
    padding = twos ? 0 : draw.between(0, kernel / 2);
    dilation = dilated && !twos && draw.chance(30) ? 2 : 1;
    const std::int64_t window = dilation * (kernel - 1) + 1;
    const std::int64_t size = std::max<std::int64_t>(
        draw.between(1, most), std::max<std::int64_t>(1, window - 2 * padding));
    positions = (size + 2 * padding - window) / stride + 1;
    // One more if elements are left that no window has seen, and if it begins before the padding.
    const std::int64_t next = positions * stride;
    if (p.ceil_mode == CeilMode::yes && next - stride + window < size + 2 * padding &&
        next < size + padding)
      ++positions;
    return size;
  };
  p.x = {draw.between(1, 3), draw.size(20), 0, 0};
  p.x[2] = side(p.kernel.height, p.stride.height, p.padding.height, p.dilation.height,
                p.positions.height);
  p.x[3] =
      side(p.kernel.width, p.stride.width, p.padding.width, p.dilation.width, p.positions.width);
  return p;
}

// x with its padding, and beyond it as far as the last window reaches.
Fixed<4> padded(const Pool& p, const Fixed<4>& x, double with, double beyond) {
  const auto end = [](std::size_t size, std::int64_t padding) {
    return size + 2 * static_cast<std::size_t>(padding);
  };
  const auto reach = [](std::int64_t positions, std::int64_t stride, std::int64_t dilation,
                        std::int64_t kernel) {
    return static_cast<std::size_t>((positions - 1) * stride + dilation * (kernel - 1) + 1);
  };
  const std::size_t height = end(x.shape(2), p.padding.height),
                    width = end(x.shape(3), p.padding.width);
  Fixed<4> room =
      beyond * xt::ones<double>({x.shape(0), x.shape(1),
                                 std::max(height, reach(p.positions.height, p.stride.height,
                                                        p.dilation.height, p.kernel.height)),
                                 std::max(width, reach(p.positions.width, p.stride.width,
                                                       p.dilation.width, p.kernel.width))});
  xt::view(room, xt::all(), xt::all(), xt::range(0, height), xt::range(0, width)) = with;
  xt::view(room, xt::all(), xt::all(), xt::range(p.padding.height, p.padding.height + p.x[2]),
           xt::range(p.padding.width, p.padding.width + p.x[3])) = x;
  return room;
}

Fixed<4> unpadded(const Pool& p, const Fixed<4>& room) {
  return xt::view(room, xt::all(), xt::all(),
                  xt::range(p.padding.height, p.padding.height + p.x[2]),
                  xt::range(p.padding.width, p.padding.width + p.x[3]));
}

// What the element (i, j) of all windows sees.
template <class E>
auto look(const Pool& p, E& room, std::int64_t i, std::int64_t j) {
  const std::int64_t top = i * p.dilation.height, left = j * p.dilation.width;
  return xt::view(
      room, xt::all(), xt::all(),
      xt::range(top, top + (p.positions.height - 1) * p.stride.height + 1, p.stride.height),
      xt::range(left, left + (p.positions.width - 1) * p.stride.width + 1, p.stride.width));
}

struct PoolResults {
  Fixed<4> y, dx;
};

PoolResults largest(const Pool& p, const Tensor& x, const Tensor& g) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  Fixed<4> room = padded(p, wide<4>(x), -infinity, -infinity);
  Fixed<4> y = -infinity * xt::ones<double>(wide<4>(g).shape());
  for (std::int64_t i = 0; i < p.kernel.height; ++i)
    for (std::int64_t j = 0; j < p.kernel.width; ++j)
      y = Fixed<4>(xt::maximum(y, look(p, room, i, j)));
  // The first that is the largest takes the gradient, unless it stands in the padding.
  Fixed<4> left = wide<4>(g) * xt::cast<double>(y > -infinity);
  Fixed<4> droom = xt::zeros<double>(room.shape());
  for (std::int64_t i = 0; i < p.kernel.height; ++i)
    for (std::int64_t j = 0; j < p.kernel.width; ++j) {
      const Fixed<4> here = left * xt::cast<double>(xt::equal(look(p, room, i, j), y));
      look(p, droom, i, j) += here;
      left -= here;
    }
  return {y, unpadded(p, droom)};
}

PoolResults means(const Pool& p, const Tensor& x, const Tensor& g, CountPadding counted) {
  Fixed<4> room = padded(p, wide<4>(x), 0, 0);
  Fixed<4> inside =
      padded(p, xt::ones<double>(wide<4>(x).shape()), counted == CountPadding::yes, 0);
  Fixed<4> sums = xt::zeros<double>(wide<4>(g).shape()), counts = sums;
  for (std::int64_t i = 0; i < p.kernel.height; ++i)
    for (std::int64_t j = 0; j < p.kernel.width; ++j) {
      sums += look(p, room, i, j);
      counts += look(p, inside, i, j);
    }
  Fixed<4> droom = xt::zeros<double>(room.shape());
  for (std::int64_t i = 0; i < p.kernel.height; ++i)
    for (std::int64_t j = 0; j < p.kernel.width; ++j) look(p, droom, i, j) += wide<4>(g) / counts;
  return {sums / counts, unpadded(p, droom)};
}

}  // namespace

TEST_CASE_FIXTURE(FreshMemory, "oracle: the largest of windows, and where gradients go") {
  Draw draw(40);
  for (int i = repetitions(150, 5000); i > 0; --i) {
    const Pool p = draw_pool(draw, true);
    CAPTURE(p.text());
    const DType dtype = draw.floating();
    // Whole numbers: some are equal.
    const Variable x = Variable::leaf(
        from_xtensor(Array(xt::floor(wide(draw.values(p.x, dtype, -30, 30))))).to(dtype));
    const Variable y = max_pool2d(x, p.kernel, {p.stride, p.padding, p.dilation, p.ceil_mode});
    const Tensor g = draw.values(y.shape(), dtype);
    y.backward(g);
    const PoolResults expected = largest(p, x.value(), g);
    CHECK(distance(y.value(), expected.y) == 0);
    CHECK(distance(x.grad(), expected.dx) < tolerance(dtype));
  }
}

TEST_CASE_FIXTURE(FreshMemory, "oracle: the means of windows and their gradients") {
  Draw draw(41);
  for (int i = repetitions(150, 5000); i > 0; --i) {
    const Pool p = draw_pool(draw, false);
    CAPTURE(p.text());
    const DType dtype = draw.floating();
    const CountPadding counted = draw.chance(50) ? CountPadding::yes : CountPadding::no;
    const Variable x = Variable::leaf(draw.values(p.x, dtype));
    const Variable y = avg_pool2d(x, p.kernel, {p.stride, p.padding, counted, p.ceil_mode});
    const Tensor g = draw.values(y.shape(), dtype);
    y.backward(g);
    const PoolResults expected = means(p, x.value(), g, counted);
    CHECK(distance(y.value(), expected.y) < tolerance(dtype));
    CHECK(distance(x.grad(), expected.dx) < tolerance(dtype));
  }
}

TEST_CASE_FIXTURE(FreshMemory, "oracle: pools of signals are those of images of height 1") {
  Draw draw(42);
  for (int i = repetitions(60, 2000); i > 0; --i) {
    Pool p = draw_pool(draw, true);
    p.x[2] = 1;
    p.kernel.height = p.stride.height = p.dilation.height = p.positions.height = 1;
    p.padding.height = 0;
    CAPTURE(p.text());
    const DType dtype = draw.floating();
    Variable x = Variable::leaf(draw.values({p.x[0], p.x[1], p.x[3]}, dtype));
    const auto check = [&](const Variable& y, auto oracle) {
      x.zero_grad();
      const Tensor g = draw.values(y.shape(), dtype);
      y.backward(g);
      const Shape results{y.dim(0), y.dim(1), 1, y.dim(2)};
      const PoolResults expected = oracle(x.value().reshape(p.x), g.reshape(results));
      CHECK(distance(y.value().reshape(results), expected.y) < tolerance(dtype));
      CHECK(distance(x.grad().reshape(p.x), expected.dx) < tolerance(dtype));
    };
    check(max_pool1d(x, p.kernel.width,
                     {p.stride.width, p.padding.width, p.dilation.width, p.ceil_mode}),
          [&](const Tensor& x, const Tensor& g) { return largest(p, x, g); });
    if (p.dilation.width != 1) continue;
    check(avg_pool1d(x, p.kernel.width,
                     {p.stride.width, p.padding.width, CountPadding::no, p.ceil_mode}),
          [&](const Tensor& x, const Tensor& g) { return means(p, x, g, CountPadding::no); });
  }
}

TEST_CASE_FIXTURE(FreshMemory, "oracle: as many means as the output has elements") {
  Draw draw(43);
  for (int i = repetitions(60, 2000); i > 0; --i) {
    const Shape shape{draw.between(1, 3), draw.size(20), draw.size(20), draw.size(20)};
    const Size2d output(draw.between(1, 9), draw.between(1, 9));
    const DType dtype = draw.floating();
    const Variable x = Variable::leaf(draw.values(shape, dtype));
    const Variable y = adaptive_avg_pool2d(x, output);
    const Tensor g = draw.values(y.shape(), dtype);
    y.backward(g);
    const Fixed<4> xs = wide<4>(x.value()), gs = wide<4>(g);
    Fixed<4> expected = xt::zeros<double>(gs.shape()), dx = xt::zeros<double>(xs.shape());
    const auto bin = [](std::int64_t k, std::int64_t size, std::int64_t count) {
      return xt::range(k * size / count, ((k + 1) * size + count - 1) / count);
    };
    for (std::int64_t r = 0; r < output.height; ++r)
      for (std::int64_t c = 0; c < output.width; ++c) {
        const Fixed<4> seen = xt::view(xs, xt::all(), xt::all(), bin(r, shape[2], output.height),
                                       bin(c, shape[3], output.width));
        xt::view(expected, xt::all(), xt::all(), r, c) = xt::mean(seen, {2, 3});
        xt::view(dx, xt::all(), xt::all(), bin(r, shape[2], output.height),
                 bin(c, shape[3], output.width)) +=
            xt::view(gs, xt::all(), xt::all(), xt::range(r, r + 1), xt::range(c, c + 1)) /
            static_cast<double>(seen.shape(2) * seen.shape(3));
      }
    CHECK(distance(y.value(), expected) < tolerance(dtype));
    CHECK(distance(x.grad(), dx) < tolerance(dtype));
  }
}

TEST_CASE_FIXTURE(FreshMemory, "oracle: as many largest elements as the output has elements") {
  Draw draw(44);
  for (int i = repetitions(60, 2000); i > 0; --i) {
    const Shape shape{draw.between(1, 3), draw.size(20), draw.size(20), draw.size(20)};
    const Size2d output(draw.between(1, 9), draw.between(1, 9));
    const DType dtype = draw.floating();
    // Whole numbers: some are equal.
    const Variable x = Variable::leaf(
        from_xtensor(Array(xt::floor(wide(draw.values(shape, dtype, -30, 30))))).to(dtype));
    const Variable y = adaptive_max_pool2d(x, output);
    const Tensor g = draw.values(y.shape(), dtype);
    y.backward(g);
    const Fixed<4> xs = wide<4>(x.value()), gs = wide<4>(g);
    Fixed<4> expected = xt::zeros<double>(gs.shape()), dx = xt::zeros<double>(xs.shape());
    const auto begin = [](std::int64_t k, std::int64_t size, std::int64_t count) {
      return k * size / count;
    };
    const auto end = [](std::int64_t k, std::int64_t size, std::int64_t count) {
      return ((k + 1) * size + count - 1) / count;
    };
    for (std::int64_t r = 0; r < output.height; ++r)
      for (std::int64_t c = 0; c < output.width; ++c) {
        const std::int64_t top = begin(r, shape[2], output.height),
                           left = begin(c, shape[3], output.width);
        const Fixed<4> seen =
            xt::view(xs, xt::all(), xt::all(), xt::range(top, end(r, shape[2], output.height)),
                     xt::range(left, end(c, shape[3], output.width)));
        const Fixed<2> largest = xt::amax(seen, {2, 3});
        xt::view(expected, xt::all(), xt::all(), r, c) = largest;
        Fixed<2> rest = xt::view(gs, xt::all(), xt::all(), r, c);
        for (std::size_t a = 0; a < seen.shape(2); ++a)
          for (std::size_t b = 0; b < seen.shape(3); ++b) {
            const Fixed<2> here = rest * xt::cast<double>(xt::equal(
                                             xt::view(seen, xt::all(), xt::all(), a, b), largest));
            xt::view(dx, xt::all(), xt::all(), top + static_cast<std::int64_t>(a),
                     left + static_cast<std::int64_t>(b)) += here;
            rest -= here;
          }
      }
    CHECK(distance(y.value(), expected) == 0);
    CHECK(distance(x.grad(), dx) < tolerance(dtype));
  }
}
