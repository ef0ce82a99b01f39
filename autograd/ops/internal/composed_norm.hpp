// Norms from operations on variables: what their gradients of gradients are taken of.
#pragma once

#include <functional>
#include <vector>

#include "../../record.hpp"

namespace plumb::detail {

/// How a norm sees x: its shape, that of its statistics and that of weight and bias, which broadcast.
struct NormLayout {
  Shape x, statistics, affine;
};

enum class Centre : std::uint8_t { no, yes };
enum class Biased : std::uint8_t { no, yes };

/// (x - m) / s, or x / s, for each of the statistics, which are those of x itself.
Variable composed_unit(const Variable& x, const Shape& statistics, Centre centre, double eps);

/// unit(x) w + b of the inputs x, w and, where there is one more, b. Weight and bias may be undefined.
Variable composed_norm(const std::vector<Variable>& inputs, const NormLayout& layout,
                       const std::function<Variable(const Variable& x)>& unit);

/// Inputs as variables, from what was saved of them. Where no weight was saved its value does not matter, and that of
/// a bias never does.
std::vector<Variable> norm_inputs(Gradients& to, const Tensor& x, const Tensor& weight,
                                  Biased biased = Biased::yes);

/// Gives the gradients of a norm over statistics of x itself.
void recompute_norm(Gradients& to, std::vector<Variable> inputs, const NormLayout& layout,
                    Centre centre, double eps);

}  // namespace plumb::detail
