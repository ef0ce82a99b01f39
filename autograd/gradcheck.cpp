#include "gradcheck.hpp"

#include <cmath>
#include <cstring>

#include "../core/runtime/internal/fail.hpp"
#include "modes.hpp"

namespace plumb {
namespace {

std::vector<Variable> leaves_of(const std::vector<Tensor>& inputs) {
  std::vector<Variable> leaves;
  for (const Tensor& input : inputs) {
    if (!input.defined() || input.dtype() != DType::float64)
      fail("gradcheck", "input ", std::uint64_t{leaves.size()}, " must be float64");
    leaves.push_back(Variable::leaf(input.clone()));
  }
  return leaves;
}

// Row i: the gradients of all inputs for a seed that is 1 at output element i and 0 elsewhere.
std::vector<std::vector<Tensor>> analytic_rows(const Variable& output,
                                               const std::vector<Variable>& leaves) {
  std::vector<std::vector<Tensor>> rows;
  for (std::int64_t i = 0; i < output.numel(); ++i) {
    Tensor seed = Tensor::zeros(output.shape(), DType::float64);
    seed.mutable_data<double>()[i] = 1;
    rows.push_back(grad({output}, leaves, {seed}, retain_graph));
  }
  return rows;
}

bool same_bits(const Tensor& a, const Tensor& b) {
  return std::memcmp(a.raw(), b.raw(), a.bytes()) == 0;
}

void check_repeats(const std::vector<std::vector<Tensor>>& first,
                   const std::vector<std::vector<Tensor>>& second) {
  for (std::size_t row = 0; row < first.size(); ++row)
    for (std::size_t k = 0; k < first[row].size(); ++k)
      if (!same_bits(first[row][k], second[row][k]))
        fail("gradcheck", "a second backward gave another gradient of input ", std::uint64_t{k});
}

}  // namespace

void gradcheck(const GradcheckFunction& f, const std::vector<Tensor>& inputs,
               const GradcheckOptions& options) {
  std::vector<Variable> leaves = leaves_of(inputs);
  const Variable output = f(leaves);
  if (!output.requires_grad()) fail("gradcheck", "the output does not depend on the inputs");
  if (output.dtype() != DType::float64)
    fail("gradcheck", "the output must be float64, got ", output.dtype());
  const auto rows = analytic_rows(output, leaves);
  check_repeats(rows, analytic_rows(output, leaves));

  const NoGrad no_grad;
  for (std::size_t k = 0; k < leaves.size(); ++k) {
    Tensor value = leaves[k].value();  // shares memory: changes reach the leaf
    for (std::int64_t j = 0; j < value.numel(); ++j) {
      const double original = value.data<double>()[j];
      value.mutable_data<double>()[j] = original + options.step;
      const Tensor above = f(leaves).value().clone();
      value.mutable_data<double>()[j] = original - options.step;
      const Tensor below = f(leaves).value().clone();
      value.mutable_data<double>()[j] = original;
      for (std::int64_t i = 0; i < output.numel(); ++i) {
        const double numeric =
            (above.data<double>()[i] - below.data<double>()[i]) / (2 * options.step);
        const double analytic = rows[static_cast<std::size_t>(i)][k].data<double>()[j];
        const double tolerance = options.atol + options.rtol * std::abs(numeric);
        if (!(std::abs(analytic - numeric) <= tolerance))
          fail("gradcheck", "input ", std::uint64_t{k}, ", element ", j, ", output element ", i,
               ": backward gave ", analytic, ", the difference is ", numeric, " (tolerance ",
               tolerance, ")");
      }
    }
  }
}

}  // namespace plumb
