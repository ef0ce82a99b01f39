#include "gradcheck.hpp"

#include <cmath>
#include <cstring>

#include "../core/runtime/internal/fail.hpp"
#include "internal/gradients_or_zeros.hpp"
#include "ops/shape.hpp"

namespace plumb {
namespace {

enum class Order : std::uint8_t { first, second };

const char* name_of(Order order) { return order == Order::first ? "gradcheck" : "gradgradcheck"; }

std::vector<Variable> leaves_of(const std::vector<Tensor>& inputs, Order order) {
  std::vector<Variable> leaves;
  for (const Tensor& input : inputs) {
    if (!input.defined() || input.dtype() != DType::float64)
      fail(name_of(order), "input ", std::uint64_t{leaves.size()}, " must be float64");
    leaves.push_back(Variable::leaf(input.clone()));
  }
  return leaves;
}

// Row i: the gradients of all inputs for a seed that is 1 at output element i and 0 elsewhere.
// A gradient need not depend on every input.
std::vector<std::vector<Tensor>> analytic_rows(const Variable& output,
                                               const std::vector<Variable>& leaves, Order order) {
  std::vector<std::vector<Tensor>> rows;
  for (std::int64_t i = 0; i < output.numel(); ++i) {
    Tensor seed = Tensor::zeros(output.shape(), DType::float64);
    seed.mutable_data<double>()[i] = 1;
    rows.push_back(order == Order::first ? grad({output}, leaves, {seed}, retain_graph)
                                         : detail::gradients_or_zeros({output}, leaves, {seed}));
  }
  return rows;
}

bool same_bits(const Tensor& a, const Tensor& b) {
  return std::memcmp(a.raw(), b.raw(), a.bytes()) == 0;
}

void check_repeats(const std::vector<std::vector<Tensor>>& first,
                   const std::vector<std::vector<Tensor>>& second, Order order) {
  for (std::size_t row = 0; row < first.size(); ++row)
    for (std::size_t k = 0; k < first[row].size(); ++k)
      if (!same_bits(first[row][k], second[row][k]))
        fail(name_of(order), "a second backward gave another gradient of input ", std::uint64_t{k});
}

void check(const std::function<Variable()>& f, const std::vector<Variable>& leaves,
           const GradcheckOptions& options, Order order) {
  const Variable output = f();
  if (!output.requires_grad()) fail(name_of(order), "the output does not depend on the inputs");
  if (output.dtype() != DType::float64)
    fail(name_of(order), "the output must be float64, got ", output.dtype());
  const auto rows = analytic_rows(output, leaves, order);
  check_repeats(rows, analytic_rows(output, leaves, order), order);

  // What f gives is recorded, though nobody asks: f may take gradients itself.
  for (std::size_t k = 0; k < leaves.size(); ++k) {
    Tensor value = leaves[k].value();  // shares memory: changes reach the leaf
    for (std::int64_t j = 0; j < value.numel(); ++j) {
      const double original = value.data<double>()[j];
      value.mutable_data<double>()[j] = original + options.step;
      const Tensor above = f().value().clone();
      value.mutable_data<double>()[j] = original - options.step;
      const Tensor below = f().value().clone();
      value.mutable_data<double>()[j] = original;
      for (std::int64_t i = 0; i < output.numel(); ++i) {
        const double numeric =
            (above.data<double>()[i] - below.data<double>()[i]) / (2 * options.step);
        const double analytic = rows[static_cast<std::size_t>(i)][k].data<double>()[j];
        const double tolerance = options.atol + options.rtol * std::abs(numeric);
        if (!(std::abs(analytic - numeric) <= tolerance))
          fail(name_of(order), "input ", std::uint64_t{k}, ", element ", j, ", output element ", i,
               ": backward gave ", analytic, ", the difference is ", numeric, " (tolerance ",
               tolerance, ")");
      }
    }
  }
}

// Numbers of either sign, none of which is another's.
Tensor some_seed(const Shape& shape) {
  Tensor seed = Tensor::empty(shape, DType::float64);
  double* element = seed.mutable_data<double>();
  for (std::int64_t i = 0; i < seed.numel(); ++i) element[i] = std::cos(static_cast<double>(i + 1));
  return seed;
}

Variable in_one_row(const std::vector<Variable>& parts) {
  std::vector<Variable> rows;
  for (const Variable& part : parts) rows.push_back(reshape(part, {part.numel()}));
  return concat(rows, 0);
}

}  // namespace

void detail::check_gradients(const std::function<Variable()>& f,
                             const std::vector<Variable>& leaves, const GradcheckOptions& options) {
  check(f, leaves, options, Order::first);
}

void detail::check_second_gradients(const std::function<Variable()>& f,
                                    const std::vector<Variable>& leaves,
                                    const GradcheckOptions& options) {
  const Variable once = f();
  if (once.dtype() != DType::float64)
    fail("gradgradcheck", "the output must be float64, got ", once.dtype());
  std::vector<Variable> all = leaves;
  all.push_back(Variable::leaf(some_seed(once.shape())));
  const auto gradients = [&] {
    return in_one_row(grad({f()}, leaves, {all.back()}, create_graph));
  };
  check(gradients, all, options, Order::second);
}

void gradcheck(const GradcheckFunction& f, const std::vector<Tensor>& inputs,
               const GradcheckOptions& options) {
  const std::vector<Variable> leaves = leaves_of(inputs, Order::first);
  detail::check_gradients([&] { return f(leaves); }, leaves, options);
}

void gradgradcheck(const GradcheckFunction& f, const std::vector<Tensor>& inputs,
                   const GradcheckOptions& options) {
  const std::vector<Variable> leaves = leaves_of(inputs, Order::second);
  detail::check_second_gradients([&] { return f(leaves); }, leaves, options);
}

}  // namespace plumb
