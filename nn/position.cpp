#include "position.hpp"

#include <cmath>

#include "../autograd/ops/arithmetic.hpp"
#include "../autograd/ops/shape.hpp"
#include "../core/runtime/internal/fail.hpp"
#include "init.hpp"

namespace plumb::nn {
namespace {

void check_sizes(const char* layer, std::int64_t most, std::int64_t size) {
  if (most < 0 || size < 0)
    fail(layer, "the sizes must not be negative, got ", most, " steps of ", size);
}

void check_input(const char* layer, const Variable& x, std::int64_t most, std::int64_t size) {
  if (x.rank() < 2 || x.dim(-1) != size || x.dim(-2) > most)
    fail(layer, "expected input [..., steps, ", size, "] of at most ", most, " steps, got ",
         x.shape());
}

// `from` in a dtype, converted once.
const Tensor& in_dtype(const Tensor& from, Tensor& converted, DType dtype) {
  if (!converted.defined() || converted.dtype() != dtype) converted = from.to(dtype);
  return converted;
}

Tensor sinusoids(std::int64_t steps, std::int64_t size) {
  Tensor table = Tensor::empty({steps, size}, DType::float64);
  double* to = table.mutable_data<double>();
  for (std::int64_t step = 0; step < steps; ++step)
    for (std::int64_t i = 0; i < size; ++i) {
      const double exponent = -static_cast<double>(i - i % 2) / static_cast<double>(size);
      const double angle = static_cast<double>(step) * std::pow(10000.0, exponent);
      to[step * size + i] = i % 2 == 0 ? std::sin(angle) : std::cos(angle);
    }
  return table;
}

}  // namespace

SinusoidalPositions::SinusoidalPositions(std::int64_t most, std::int64_t size) {
  check_sizes("SinusoidalPositions", most, size);
  table_ = sinusoids(most, size);
}

Variable SinusoidalPositions::forward(const Variable& x) {
  check_input("SinusoidalPositions", x, table_.dim(0), table_.dim(1));
  return x + in_dtype(table_, converted_, x.dtype()).rows(0, x.dim(-2));
}

LearnedPositions::LearnedPositions(std::int64_t most, std::int64_t size, Generator& generator) {
  check_sizes("LearnedPositions", most, size);
  Tensor weight = Tensor::empty({most, size});
  init::normal(weight, generator, 0, 0.02);
  weight_ = add_parameter("weight", weight);
}

Variable LearnedPositions::forward(const Variable& x) {
  check_input("LearnedPositions", x, weight_.dim(0), weight_.dim(1));
  const std::int64_t steps = x.dim(-2);
  return x + (steps == weight_.dim(0) ? weight_ : slice(weight_, 0, 0, steps));
}

RotaryPositions::RotaryPositions(std::int64_t size, const RotaryOptions& options)
    : layout_(options.layout),
      angles_(rotary_angles(options.most, size, options.base, DType::float64)) {}

Variable RotaryPositions::turn(const Variable& x, std::optional<std::int64_t> rotated) {
  return rotary(x, is_floating(x.dtype()) ? in_dtype(angles_, converted_, x.dtype()) : angles_,
                layout_, rotated);
}

}  // namespace plumb::nn
