#include <doctest/doctest.h>

#include <plumb/core/kernels/convolution/direct_convolution.hpp>
#include <plumb/core/kernels/convolution/im2col.hpp>
#include <plumb/core/kernels/convolution/plane_convolution.hpp>
#include <plumb/core/kernels/convolution/plane_weight.hpp>
#include <plumb/core/kernels/convolution/shifted_convolution.hpp>
#include <plumb/core/kernels/convolution/winograd.hpp>
#include <plumb/core/simd/isa.hpp>
#include <string>

#include "../../../support/compare.hpp"
#include "convolution_problems.hpp"

using namespace plumb;
using namespace plumb::test;
using kernel::ConvolutionSizes;

namespace {

using Takes = bool (*)(const ConvolutionSizes&);

template <class T>
struct Algorithm {
  std::string name;
  Takes takes;
  void (*run)(const ConvolutionSizes&, T*, Write, const T*, const T*, const T*);
};

template <class T>
struct WeightAlgorithm {
  std::string name;
  Takes takes;
  void (*run)(const ConvolutionSizes&, T*, Write, const T*, const T*);
};

bool always(const ConvolutionSizes&) { return true; }

template <class T>
const Algorithm<T> forward[] = {
    {"im2col", always, kernel::im2col_convolution<T>},
    {"plane", kernel::has_plane_convolution, kernel::plane_convolution<T>},
    {"direct", kernel::has_direct_convolution, kernel::direct_convolution<T>},
    {"winograd", kernel::has_winograd, kernel::winograd_convolution<T>},
};

// Where it would take more products, shifted_convolution_image still gives the same.
template <class T>
const Algorithm<T> backward[] = {
    {"im2col", always, kernel::im2col_convolution_image<T>},
    {"plane", kernel::has_plane_convolution_image, kernel::plane_convolution_image<T>},
    {"shifted", kernel::has_plane_convolution, kernel::shifted_convolution_image<T>},
    {"winograd", kernel::has_winograd_image, kernel::winograd_convolution_image<T>},
};

template <class T>
const WeightAlgorithm<T> weight[] = {
    {"im2col", always, kernel::im2col_convolution_weight<T>},
    {"plane", kernel::has_plane_convolution, kernel::plane_convolution_weight<T>},
    {"direct", kernel::has_direct_convolution_weight, kernel::direct_convolution_weight<T>},
    {"winograd", kernel::has_winograd, kernel::winograd_convolution_weight<T>},
};

// `from` written over and added to by an algorithm, against what should have been written.
template <class T, class Run>
double worst_deviation(const Tensor& from, const Tensor& expected, Run run) {
  double worst = 0;
  for (const Write mode : {Write::overwrite, Write::accumulate}) {
    Tensor out = from.to(dtype_of<T>).clone();
    run(out.mutable_data<T>(), mode);
    const Tensor whole = mode == Write::overwrite ? expected : sum(from, expected);
    worst = std::max(worst, test::deviation(out.to(DType::float64), whole));
  }
  return worst;
}

template <class T>
void check_all(double tolerance) {
  int taken = 0;
  for (const ConvolutionProblem& p : problems()) {
    CAPTURE(to_string(p.x));
    CAPTURE(to_string(p.w));
    // Values that float32 holds.
    const auto value = [](const Shape& shape, std::uint64_t seed) {
      return random(shape, seed).to(DType::float32).to(DType::float64);
    };
    const Tensor x = value(p.x, 1), w = value(p.w, 2), g = value(p.y(), 3);
    const Tensor bias = value({p.w[0]}, 4), image_bias = value({p.x[1]}, 5);
    const ConvolutionResults sums = convolution_oracle(p, x, w, g);
    const Tensor xs = x.to(dtype_of<T>), ws = w.to(dtype_of<T>), gs = g.to(dtype_of<T>);
    const Tensor bs = bias.to(dtype_of<T>), ibs = image_bias.to(dtype_of<T>);
    const ConvolutionSizes sizes(x.shape(), w.shape(), g.shape(), p.windows);
    for (const Algorithm<T>& a : forward<T>) {
      if (!a.takes(sizes)) continue;
      CAPTURE(a.name);
      ++taken;
      CHECK(
          worst_deviation<T>(value(p.y(), 6), to_all_channels(sums.y, bias), [&](T* y, Write mode) {
            a.run(sizes, y, mode, xs.data<T>(), ws.data<T>(), bs.data<T>());
          }) < tolerance);
      CHECK(worst_deviation<T>(value(p.y(), 6), sums.y, [&](T* y, Write mode) {
              a.run(sizes, y, mode, xs.data<T>(), ws.data<T>(), nullptr);
            }) < tolerance);
    }
    for (const Algorithm<T>& a : backward<T>) {
      if (!a.takes(sizes)) continue;
      CAPTURE(a.name);
      ++taken;
      CHECK(worst_deviation<T>(value(p.x, 7), to_all_channels(sums.dx, image_bias),
                               [&](T* dx, Write mode) {
                                 a.run(sizes, dx, mode, gs.data<T>(), ws.data<T>(), ibs.data<T>());
                               }) < tolerance);
      CHECK(worst_deviation<T>(value(p.x, 7), sums.dx, [&](T* dx, Write mode) {
              a.run(sizes, dx, mode, gs.data<T>(), ws.data<T>(), nullptr);
            }) < tolerance);
    }
    for (const WeightAlgorithm<T>& a : weight<T>) {
      if (!a.takes(sizes)) continue;
      CAPTURE(a.name);
      ++taken;
      CHECK(worst_deviation<T>(value(p.w, 8), sums.dw, [&](T* dw, Write mode) {
              a.run(sizes, dw, mode, gs.data<T>(), xs.data<T>());
            }) < tolerance);
    }
  }
  // im2col takes all; the others where there are vectors.
  const int all = 3 * static_cast<int>(problems().size());
  CHECK(taken > (kernel::isa() == kernel::Isa::base ? all - 1 : 2 * all));
}

}  // namespace

TEST_CASE("convolution: every algorithm gives what xtensor's views and products give in float64") {
  check_all<double>(1e-13);
}

TEST_CASE("convolution: every algorithm gives what xtensor's views and products give in float32") {
  check_all<float>(4e-6);
}
