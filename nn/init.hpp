// Initializers: what a parameter's tensor holds before training. They write in place.
#pragma once

#include <cstdint>

#include "../core/runtime/random.hpp"
#include "../core/tensor/tensor.hpp"

namespace plumb::nn::init {

// All throw for tensors that are neither float32 nor float64 and for arguments that make no
// distribution; the tensor then keeps its values. Values do not depend on the number of threads.

/// Uniform in [low, high), low <= high.
void uniform(Tensor& x, Generator& generator, double low = 0, double high = 1);

/// Normal; deviation >= 0.
void normal(Tensor& x, Generator& generator, double mean = 0, double deviation = 1);

/// Normal values that lie in [low, high]; low < high, deviation > 0. The bounds are values, not
/// multiples of the deviation: with a deviation of 0.02 the defaults cut nothing off. Drawn by
/// inverting the distribution function, so that the bounds do not change the time.
/// Throws where [low, high] is so far out that its probability is 0 in float64.
void truncated_normal(Tensor& x, Generator& generator, double mean = 0, double deviation = 1,
                      double low = -2, double high = 2);

/// Every element is `value`.
void constant(Tensor& x, double value);

/// How many inputs go into one output of a layer, and how many outputs one input goes into.
struct Fans {
  std::int64_t in;
  std::int64_t out;
};
/// Of a weight [out, in, k...]: in k... and out k.... Throws for fewer than two axes.
Fans fans(const Shape& weight);

/// The function behind a layer, which changes the variance of the layer's outputs.
enum class Nonlinearity : std::uint8_t { linear, sigmoid, tanh, relu, leaky_relu };

/// The factor on the deviation of the weights that makes up for this change: 1 for linear and
/// sigmoid, 5/3 for tanh, sqrt(2) for ReLU, sqrt(2 / (1 + slope^2)) for leaky ReLU.
double gain(Nonlinearity nonlinearity, double slope = 0.01);

/// Glorot & Bengio 2010, "Understanding the difficulty of training deep feedforward neural
/// networks", eq. 16: uniform in +-gain sqrt(6 / (in + out)).
void xavier_uniform(Tensor& x, Generator& generator, double gain = 1);
/// The same variance, eq. 12: normal with deviation gain sqrt(2 / (in + out)).
void xavier_normal(Tensor& x, Generator& generator, double gain = 1);

/// Saxe et al. 2014, "Exact solutions to the nonlinear dynamics of learning in deep linear neural
/// networks": a weight [out, in, ...], seen as a matrix [out, in ...], gets rows (or columns, where
/// they are fewer) of length `gain` at right angles to each other; a square one times a vector keeps
/// its length. Uniform over all such matrices: q of the QR decomposition of a normal matrix,
/// with the diagonal of r positive, as in PyTorch. The gain is finite; computes in float64.
void orthogonal(Tensor& x, Generator& generator, double gain = 1);

/// Which fan keeps its variance: that of the activations (in) or of the gradients (out).
enum class Fan : std::uint8_t { in, out };

struct KaimingOptions {
  Fan fan = Fan::in;
  Nonlinearity nonlinearity = Nonlinearity::relu;
  double slope = 0.01;  ///< Of leaky_relu.
};

/// He et al. 2015, "Delving deep into rectifiers", eq. 10 and 14: uniform in
/// +-gain sqrt(3 / fan).
void kaiming_uniform(Tensor& x, Generator& generator, const KaimingOptions& options = {});
/// The same variance: normal with deviation gain / sqrt(fan).
void kaiming_normal(Tensor& x, Generator& generator, const KaimingOptions& options = {});

}  // namespace plumb::nn::init
