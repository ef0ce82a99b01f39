#include "derivatives.hpp"

#include "../core/runtime/internal/fail.hpp"
#include "internal/gradients_or_zeros.hpp"

namespace plumb {
namespace {

Variable scalar(const char* operation, const Variable& loss) {
  if (!loss.defined() || loss.numel() != 1)
    fail(operation, "expected a loss of one element, got ",
         loss.defined() ? to_string(loss.shape()) : "nothing");
  return loss;
}

Shape joined(const Shape& a, const Shape& b) {
  Shape shape = a;
  for (const std::int64_t size : b) shape.push_back(size);
  return shape;
}

void check_directions(const char* operation, const std::vector<Variable>& inputs,
                      const std::vector<Tensor>& v) {
  if (v.size() != inputs.size())
    fail(operation, "expected one tensor for each of ", std::uint64_t{inputs.size()},
         " inputs, got ", std::uint64_t{v.size()});
  for (std::size_t i = 0; i < v.size(); ++i)
    if (!v[i].defined() || v[i].shape() != inputs[i].shape() || v[i].dtype() != inputs[i].dtype())
      fail(operation, "tensor ", std::uint64_t{i}, " must be ", inputs[i].shape(), " of ",
           inputs[i].dtype(), ", got ",
           v[i].defined() ? text(v[i].shape(), " of ", v[i].dtype()) : std::string("nothing"));
}

}  // namespace

std::vector<Tensor> hvp(const Variable& loss, const std::vector<Variable>& inputs,
                        const std::vector<Tensor>& v) {
  const auto gradients = grad({scalar("hvp", loss)}, inputs, {}, create_graph);
  check_directions("hvp", inputs, v);
  return detail::gradients_or_zeros(gradients, inputs, v);
}

Tensor jvp(const Variable& y, const std::vector<Variable>& inputs, const std::vector<Tensor>& v) {
  const Variable u = Variable::leaf(Tensor::zeros(y.shape(), y.dtype()));
  const auto gradients = grad({y}, inputs, {u}, create_graph);
  check_directions("jvp", inputs, v);
  return detail::gradients_or_zeros(gradients, {u}, v)[0];
}

Tensor jacobian(const Variable& y, const Variable& x) {
  const Shape shape = joined(y.shape(), x.shape());
  Tensor rows = Tensor::empty({y.numel(), x.numel()}, x.dtype());
  for (std::int64_t i = 0; i < y.numel(); ++i) {
    Tensor seed = Tensor::zeros({y.numel()}, y.dtype());
    seed.rows(i, i + 1).fill(1);
    const Tensor row = detail::gradients_or_zeros({y}, {x}, {seed.reshape(y.shape())})[0];
    rows[i].copy_from(row.reshape({x.numel()}));
  }
  return rows.reshape(shape);
}

Tensor hessian(const Variable& loss, const Variable& x) {
  return jacobian(grad({scalar("hessian", loss)}, {x}, {}, create_graph)[0], x);
}

}  // namespace plumb
