#include "convolution_problems.hpp"

#include <plumb/core/runtime/random.hpp>

namespace plumb::test {

Tensor random(const Shape& shape, std::uint64_t seed, double low) {
  Tensor x = Tensor::empty(shape, DType::float64);
  Generator(seed).fill_uniform(x, low, 1);
  return x;
}

Tensor to_all_channels(const Tensor& x, const Tensor& bias) {
  Tensor y = x.clone();
  const std::int64_t plane = x.dim(2) * x.dim(3);
  for (std::int64_t i = 0; i < y.numel(); ++i)
    y.mutable_data<double>()[i] += bias.data<double>()[i / plane % bias.numel()];
  return y;
}

Tensor sum(const Tensor& a, const Tensor& b) {
  Tensor c = a.clone();
  for (std::int64_t i = 0; i < c.numel(); ++i) c.mutable_data<double>()[i] += b.data<double>()[i];
  return c;
}

// Where one tile of columns is not enough, by rows and within a row; a batch of one, of several
// blocks, and of blocks of more than eight images; every option by itself and together.
const std::vector<ConvolutionProblem>& problems() {
  static const std::vector<ConvolutionProblem> list = {
      {{2, 3, 6, 7}, {4, 3, 3, 3}, {}},
      {{1, 1, 3, 4}, {1, 1, 3, 4}, {}},
      {{2, 3, 8, 9}, {4, 3, 3, 2}, {{2, 3}, {1, 0}, {1, 2}, 1}},
      {{2, 4, 9, 5}, {6, 2, 2, 3}, {{1, 2}, {3, 2}, {3, 1}, 2}},
      {{3, 6, 5, 5}, {6, 1, 3, 3}, {1, 1, 1, 6}},
      {{2, 3, 4, 5}, {5, 3, 1, 1}, {}},
      {{2, 4, 4, 5}, {6, 2, 1, 1}, {1, 0, 1, 2}},
      {{2, 3, 4, 5}, {5, 3, 1, 1}, {2, 0, 1, 1}},
      {{2, 3, 4, 5}, {5, 3, 1, 1}, {1, {0, 1}, 1, 1}},
      {{1, 64, 20, 23}, {3, 64, 5, 5}, {1, 2, 1, 1}},
      {{2, 128, 1, 600}, {2, 128, 1, 9}, {1, {0, 4}, 1, 1}},
      {{2, 128, 2, 700}, {2, 64, 1, 9}, {{1, 2}, {0, 4}, {1, 2}, 2}},
      {{70, 2, 5, 5}, {3, 2, 3, 3}, {1, 1, 1, 1}},
      {{601, 1, 4, 3}, {2, 1, 2, 2}, {}},
      // Channels in sixteens: 3x3 with odd sides and every padding, 5x5, wide rows.
      {{3, 16, 9, 11}, {32, 16, 3, 3}, {}},
      {{2, 32, 13, 8}, {16, 32, 3, 3}, {1, 1, 1, 1}},
      {{9, 16, 8, 9}, {48, 16, 3, 3}, {1, {2, 1}, 1, 1}},
      {{1, 16, 8, 8}, {16, 16, 3, 3}, {1, 3, 1, 1}},
      {{1, 16, 20, 33}, {16, 16, 3, 3}, {1, {0, 2}, 1, 1}},
      {{2, 16, 9, 9}, {16, 16, 3, 3}, {1, 2, 2, 1}},
      {{9, 6, 14, 14}, {16, 6, 5, 5}, {}},
      {{2, 3, 12, 37}, {48, 3, 5, 3}, {1, {2, 1}, 1, 1}},
      {{2, 5, 9, 9}, {16, 5, 4, 4}, {1, 0, {2, 1}, 1}},
      {{2, 18, 7, 19}, {21, 6, 3, 2}, {1, {1, 0}, {1, 3}, 3}},
      {{17, 1, 28, 28}, {6, 1, 5, 5}, {1, 2, 1, 1}},
      // More positions than a chain of the weights' gradient has.
      {{1, 1, 130, 130}, {3, 1, 3, 3}, {}},
  };
  return list;
}

}  // namespace plumb::test
