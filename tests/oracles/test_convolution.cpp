// Every algorithm for convolutions against views and products of xtensor.
#include <doctest/doctest.h>

#include <plumb/autograd/ops/convolution.hpp>
#include <plumb/core/kernels/reduce.hpp>
#include <plumb/core/runtime/error.hpp>
#include <plumb/core/tensor/operators.hpp>

#include "../support/compare.hpp"
#include "../support/sweep.hpp"
#include "convolution_oracle.hpp"
#include "draw.hpp"

using namespace plumb;
using namespace plumb::test;

namespace {

// y + bias [c] and whatever y is to be added to.
Tensor with(const Tensor& y, const Tensor& bias, const Tensor& start) {
  Tensor sum = y;
  if (bias.defined()) sum = sum + bias.to(DType::float64).reshape({1, bias.numel(), 1, 1});
  return start.defined() ? sum + start.to(DType::float64) : sum;
}

// The three kernels, written over and added to, with and without a bias.
void check_kernels(Draw& draw, const ConvolutionProblem& p, DType dtype) {
  CAPTURE(p.text());
  const std::string type = errors::text(dtype);
  CAPTURE(type);
  const Tensor x = draw.values(p.x, dtype), w = draw.values(p.w, dtype),
               g = draw.values(p.y(), dtype);
  const ConvolutionResults expected = convolution_oracle(p, x, w, g);
  const Tensor bias = draw.values({p.w[0]}, dtype), image_bias = draw.values({p.x[1]}, dtype);
  for (const Write mode : {Write::overwrite, Write::accumulate}) {
    const bool add = mode == Write::accumulate;
    const Tensor b = draw.chance(50) ? bias : Tensor(),
                 ib = draw.chance(50) ? image_bias : Tensor();
    const auto start = [&](const Shape& shape) {
      return add ? draw.values(shape, dtype) : Tensor::empty(shape, dtype);
    };
    Tensor y = start(p.y()), dx = start(p.x), dw = start(p.w);
    const ConvolutionResults whole{with(expected.y, b, add ? y.clone() : Tensor()),
                                   with(expected.dx, ib, add ? dx.clone() : Tensor()),
                                   with(expected.dw, Tensor(), add ? dw.clone() : Tensor())};
    kernel::convolution_into(y, mode, x, w, b, p.windows);
    CHECK(deviation(y, whole.y) < tolerance(dtype));
    kernel::convolution_image_into(dx, mode, g, w, ib, p.windows);
    CHECK(deviation(dx, whole.dx) < tolerance(dtype));
    kernel::convolution_weight_into(dw, mode, g, x, p.windows);
    CHECK(deviation(dw, whole.dw) < tolerance(dtype));
  }
}

// One axis of a problem.
struct Side {
  std::int64_t image, kernel, positions, stride, padding, dilation;
};

// Of the image as many elements as the windows reach, or some more: a transposed convolution may
// ask for those.
Side draw_side(Draw& draw, std::int64_t kernel, std::int64_t stride, std::int64_t most) {
  Side side{0, kernel, 0, stride, 0, draw.chance(60) ? 1 : draw.between(2, 3)};
  const std::int64_t window = side.dilation * (kernel - 1) + 1;
  side.padding = draw.chance(40) ? 0 : draw.between(0, window + 1);
  side.positions = draw.between(1, most);
  const std::int64_t more =
      draw.chance(60) ? 0 : draw.between(0, std::max(side.stride, side.dilation));
  side.image = (side.positions - 1) * stride + window - 2 * side.padding + more;
  if (side.image < 1) {
    side.padding = 0;
    side.image = (side.positions - 1) * stride + window + more;
  }
  return side;
}

ConvolutionProblem draw_problem(Draw& draw) {
  const std::int64_t kernel = draw.chance(50) ? 3 : draw.between(1, 5);
  const std::int64_t stride = draw.chance(60) ? 1 : draw.between(2, 3);
  const std::int64_t most = draw.of<std::int64_t>({3, 9, 20, 40});
  const Side h = draw_side(draw, draw.chance(70) ? kernel : draw.between(1, 5),
                           draw.chance(80) ? stride : draw.between(1, 3), most);
  const Side w = draw_side(draw, kernel, stride, most);
  const std::int64_t groups = draw.of<std::int64_t>({1, 1, 1, 2, 3, 16});
  const bool sixteens = groups < 3 && draw.chance(40);
  std::int64_t inputs = sixteens ? 16 * draw.between(1, 3) : draw.size(50);
  std::int64_t outputs = sixteens ? 16 * draw.between(1, 3) : draw.size(50);
  std::int64_t images = draw.of<std::int64_t>({1, 1, 2, 3, 9, 17});
  // A few million products at the most.
  const auto work = [&] {
    return images * groups * inputs * outputs * h.kernel * w.kernel * h.positions * w.positions;
  };
  while (work() > 1'500'000 && images > 1) images = (images + 1) / 2;
  while (work() > 3'000'000 && inputs * outputs > 1)
    (inputs > outputs ? inputs : outputs) = (std::max(inputs, outputs) + 1) / 2;
  return {{images, groups * inputs, h.image, w.image},
          {groups * outputs, inputs, h.kernel, w.kernel},
          {h.positions, w.positions},
          {{h.stride, w.stride}, {h.padding, w.padding}, {h.dilation, w.dilation}, groups}};
}

}  // namespace

TEST_CASE_FIXTURE(FreshMemory, "oracle: convolutions of random shapes and settings") {
  Draw draw(1);
  for (int i = repetitions(150, 6000); i > 0; --i)
    check_kernels(draw, draw_problem(draw), draw.floating());
}

TEST_CASE_FIXTURE(FreshMemory, "oracle: convolutions at the edges of what each algorithm takes") {
  Draw draw(2);
  for (
      const ConvolutionProblem& p : {
          // Channels in sixteens, where an algorithm for one group or a stride of 1 must not serve.
          ConvolutionProblem({2, 32, 9, 9}, {32, 16, 3, 3}, {1, 0, 1, 2}),
          ConvolutionProblem({2, 16, 16, 17}, {16, 16, 3, 3}, {2, 0, 1, 1}),
          ConvolutionProblem({2, 16, 16, 17}, {16, 16, 3, 3}, {{1, 2}, 1, 1, 1}),
          ConvolutionProblem({2, 16, 17, 16}, {16, 16, 3, 3}, {{2, 1}, 1, 1, 1}),
          ConvolutionProblem({2, 16, 16, 17}, {16, 16, 3, 3}, {1, 1, {2, 1}, 1}),
          ConvolutionProblem({2, 16, 16, 17}, {16, 16, 3, 3}, {1, 1, {1, 2}, 1}),
          ConvolutionProblem({2, 16, 16, 17}, {16, 16, 3, 2}, {1, 1, 1, 1}),
          ConvolutionProblem({2, 16, 16, 17}, {16, 16, 2, 3}, {1, 1, 1, 1}),
          ConvolutionProblem({2, 17, 16, 17}, {16, 17, 3, 3}, {1, 1, 1, 1}),
          ConvolutionProblem({2, 16, 16, 17}, {17, 16, 3, 3}, {1, 1, 1, 1}),
          ConvolutionProblem({2, 16, 10, 10}, {16, 16, 3, 3}, {1, 0, 1, 1}),
          ConvolutionProblem({2, 16, 9, 9}, {16, 16, 3, 3}, {1, 0, 1, 1}),
          ConvolutionProblem({2, 16, 9, 9}, {16, 16, 3, 3}, {1, 3, 1, 1}),
          ConvolutionProblem({2, 16, 9, 9}, {16, 16, 3, 3}, {1, {0, 3}, 1, 1}),
          ConvolutionProblem({2, 16, 9, 9}, {32, 16, 5, 5}, {1, 2, {1, 2}, 1}),
          ConvolutionProblem({2, 16, 9, 9}, {32, 16, 5, 4}, {1, 2, 1, 1}),
          // More images than are gone through at once, the last pass not full.
          ConvolutionProblem({32, 1, 18, 18}, {3, 1, 3, 3}, {}),
          ConvolutionProblem({33, 1, 18, 18}, {3, 1, 3, 3}, {}),
          ConvolutionProblem({67, 2, 6, 7}, {5, 2, 3, 3}, {1, 1, 1, 1}),
          // One row, one column, one element.
          ConvolutionProblem({1, 1, 1, 1}, {1, 1, 1, 1}, {}),
          ConvolutionProblem({2, 3, 1, 40}, {5, 3, 1, 5}, {1, {0, 2}, 1, 1}),
          ConvolutionProblem({2, 3, 40, 1}, {5, 3, 5, 1}, {1, {2, 0}, 1, 1}),
          ConvolutionProblem({2, 16, 1, 64}, {16, 16, 3, 3}, {1, 1, 1, 1}),
          ConvolutionProblem({2, 16, 64, 1}, {16, 16, 3, 3}, {1, 1, 1, 1}),
          // Columns of more than one tile, by rows and within a row.
          ConvolutionProblem({1, 64, 20, 23}, {3, 64, 5, 5}, {2, 2, 1, 1}),
          ConvolutionProblem({1, 128, 1, 600}, {2, 128, 1, 9}, {{1, 2}, {0, 4}, 1, 1}),
      })
    for (const DType dtype : {DType::float32, DType::float64})
      if (sweep() != Sweep::brief || dtype == DType::float32) check_kernels(draw, p, dtype);
}

TEST_CASE_FIXTURE(FreshMemory, "oracle: every setting of a transposed convolution") {
  Draw draw(3);
  int compared = 0;
  for (const std::int64_t kernel : {1, 2, 3})
    for (std::int64_t stride = 1; stride <= 3; ++stride)
      for (std::int64_t dilation = 1; dilation <= 3; ++dilation)
        for (std::int64_t padding = 0; padding <= 3; ++padding)
          for (std::int64_t more = 0; more < std::max(stride, dilation); ++more)
            for (const bool alike : {true, false}) {  // along both axes
              const std::int64_t groups = alike ? 1 : 2;
              const ConvTranspose2dOptions options{{stride, alike ? stride : 1 + stride % 3},
                                                   padding,
                                                   {more, alike ? more : 0},
                                                   {dilation, alike ? dilation : 1 + more},
                                                   groups};
              const Shape shape{2, 2 * groups, 3, 4};
              const auto size_of = [&](std::int64_t from, std::int64_t stride,
                                       std::int64_t dilation, std::int64_t more) {
                return (from - 1) * stride - 2 * padding + dilation * (kernel - 1) + 1 + more;
              };
              const Size2d size{size_of(shape[2], options.stride.height, options.dilation.height,
                                        options.output_padding.height),
                                size_of(shape[3], options.stride.width, options.dilation.width,
                                        options.output_padding.width)};
              if (size.height < 1 || size.width < 1) continue;
              ++compared;
              const ConvolutionProblem p(
                  {shape[0], 3 * groups, size.height, size.width}, {shape[1], 3, kernel, kernel},
                  {shape[2], shape[3]},
                  {options.stride, options.padding, options.dilation, groups});
              CAPTURE(p.text());
              const DType dtype = draw.floating();
              const Variable x = Variable::leaf(draw.values(p.y(), dtype));
              const Variable w = Variable::leaf(draw.values(p.w, dtype));
              const Variable bias = Variable::leaf(draw.values({p.x[1]}, dtype));
              const Tensor g = draw.values(p.x, dtype);
              const Variable y = conv_transpose2d(x, w, bias, options);
              y.backward(g);
              // The image and the result have changed places: x is what a convolution's seed is.
              const ConvolutionResults forward = convolution_oracle(p, g, w.value(), x.value());
              CHECK(deviation(y.value(), with(forward.dx, bias.value(), Tensor())) <
                    tolerance(dtype));
              CHECK(deviation(x.grad(), forward.y) < tolerance(dtype));
              CHECK(deviation(w.grad(), forward.dw) < tolerance(dtype));
              CHECK(deviation(bias.grad(), kernel::sum(g.to(DType::float64), {0, 2, 3})) <
                    tolerance(dtype));
            }
  CHECK(compared > 400);
}

TEST_CASE_FIXTURE(FreshMemory, "oracle: convolutions of signals") {
  Draw draw(4);
  for (int i = repetitions(40, 1000); i > 0; --i) {
    const Side side = draw_side(draw, draw.between(1, 7), draw.between(1, 3), 70);
    const std::int64_t groups = draw.between(1, 2), inputs = draw.size(20), outputs = draw.size(20);
    const kernel::Windows windows{{1, side.stride}, {0, side.padding}, {1, side.dilation}, groups};
    const ConvolutionProblem p({draw.between(1, 4), groups * inputs, 1, side.image},
                               {groups * outputs, inputs, 1, side.kernel}, windows);
    CAPTURE(p.text());
    const DType dtype = draw.floating();
    const auto signal = [](const Shape& s) { return Shape{s[0], s[1], s[3]}; };
    const Variable x = Variable::leaf(draw.values(signal(p.x), dtype));
    const Variable w = Variable::leaf(draw.values(signal(p.w), dtype));
    const Tensor g = draw.values(signal(p.y()), dtype);
    const Variable y = conv1d(x, w, Variable(), {side.stride, side.padding, side.dilation, groups});
    y.backward(g);
    const ConvolutionResults expected =
        convolution_oracle(p, x.value().reshape(p.x), w.value().reshape(p.w), g.reshape(p.y()));
    CHECK(deviation(y.value().reshape(p.y()), expected.y) < tolerance(dtype));
    CHECK(deviation(x.grad().reshape(p.x), expected.dx) < tolerance(dtype));
    CHECK(deviation(w.grad().reshape(p.w), expected.dw) < tolerance(dtype));
  }
}

TEST_CASE_FIXTURE(FreshMemory, "oracle: transposed convolutions of signals") {
  Draw draw(5);
  for (int i = repetitions(40, 1000); i > 0; --i) {
    const Side side = draw_side(draw, draw.between(1, 7), draw.between(1, 3), 70);
    const std::int64_t groups = draw.between(1, 2), inputs = draw.size(20), outputs = draw.size(20);
    const kernel::Windows windows{{1, side.stride}, {0, side.padding}, {1, side.dilation}, groups};
    // The image and the result change places: of the problem's y comes its x.
    const ConvolutionProblem p({draw.between(1, 4), groups * inputs, 1, side.image},
                               {groups * outputs, inputs, 1, side.kernel}, windows);
    CAPTURE(p.text());
    const std::int64_t last =
        (p.y()[3] - 1) * side.stride - 2 * side.padding + side.dilation * (side.kernel - 1) + 1;
    const std::int64_t more = side.image - last;
    if (more >= std::max(side.stride, side.dilation)) continue;
    const DType dtype = draw.floating();
    const auto signal = [](const Shape& s) { return Shape{s[0], s[1], s[3]}; };
    const Variable x = Variable::leaf(draw.values(signal(p.y()), dtype));
    const Variable w = Variable::leaf(draw.values(signal(p.w), dtype));
    const Tensor g = draw.values(signal(p.x), dtype);
    const Variable y = conv_transpose1d(x, w, Variable(),
                                        {side.stride, side.padding, more, side.dilation, groups});
    REQUIRE(y.shape() == g.shape());
    y.backward(g);
    const ConvolutionResults expected =
        convolution_oracle(p, g.reshape(p.x), w.value().reshape(p.w), x.value().reshape(p.y()));
    CHECK(deviation(y.value().reshape(p.x), expected.dx) < tolerance(dtype));
    CHECK(deviation(x.grad().reshape(p.y()), expected.y) < tolerance(dtype));
    CHECK(deviation(w.grad().reshape(p.w), expected.dw) < tolerance(dtype));
  }
}
