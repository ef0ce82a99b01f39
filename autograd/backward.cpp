// Where backward passes begin: Variable::backward and grad.
#include <string>

#include "../core/runtime/checks.hpp"
#include "../core/runtime/internal/fail.hpp"
#include "internal/mistakes.hpp"
#include "internal/pass.hpp"
#include "modes.hpp"

namespace plumb {
namespace {

Tensor seed_of(const char* operation, const Variable& output, const Tensor* seed) {
  if (!output.defined()) fail(operation, "the output is undefined");
  if (!output.requires_grad())
    fail(operation, "nothing that the output depends on requires a gradient");
  if (seed == nullptr) {
    if (output.numel() != 1)
      fail(operation, "an output of shape ", output.shape(),
           " needs a seed; only a single element does not");
    return Tensor::ones(output.shape(), output.dtype());
  }
  if (!seed->defined() || seed->shape() != output.shape() || seed->dtype() != output.dtype())
    fail(operation, "the seed must be ", output.shape(), " of ", output.dtype(), ", got ",
         seed->defined() ? text(seed->shape(), " of ", seed->dtype()) : std::string("nothing"));
  return *seed;
}

void check_arguments(const std::vector<Variable>& outputs, const std::vector<Variable>& inputs,
                     std::size_t seeds) {
  if (seeds != 0 && seeds != outputs.size())
    fail("grad", "expected one seed for each of ", std::uint64_t{outputs.size()}, " outputs, got ",
         std::uint64_t{seeds});
  for (const Variable& input : inputs)
    if (!input.requires_grad()) fail("grad", "an input does not require a gradient");
}

void check_reached(const detail::Pass& pass, const std::vector<Variable>& inputs) {
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (!pass.reaches(inputs[i]))
      fail("grad", "input ", std::uint64_t{i}, " takes no part in the outputs");
}

void backward_from(const Variable& output, const Tensor* seed, RetainGraph retain) {
  const Tensor checked = seed_of("backward", output, seed);
  if (checks()) detail::check_loss(output);
  detail::Pass pass(nullptr);
  pass.add_root(output, checked);
  pass.run(retain);
  if (checks()) {
    detail::count_gradients();
    pass.note_leaves();
  }
}

}  // namespace

void Variable::backward(RetainGraph retain) const { backward_from(*this, nullptr, retain); }

void Variable::backward(const Tensor& seed, RetainGraph retain) const {
  backward_from(*this, &seed, retain);
}

std::vector<Tensor> grad(const std::vector<Variable>& outputs, const std::vector<Variable>& inputs,
                         const std::vector<Tensor>& seeds, RetainGraph retain) {
  check_arguments(outputs, inputs, seeds.size());
  detail::Pass pass(&inputs);
  for (std::size_t i = 0; i < outputs.size(); ++i)
    pass.add_root(outputs[i], seed_of("grad", outputs[i], seeds.empty() ? nullptr : &seeds[i]));
  check_reached(pass, inputs);
  pass.run(retain);
  std::vector<Tensor> gradients;
  for (const Variable& input : inputs) gradients.push_back(pass.result(input));
  if (checks()) {
    detail::count_gradients();
    for (Tensor& gradient : gradients) gradient.note_gradient();
  }
  return gradients;
}

std::vector<Variable> grad(const std::vector<Variable>& outputs,
                           const std::vector<Variable>& inputs, const std::vector<Variable>& seeds,
                           CreateGraph) {
  if (!grad_enabled()) fail("grad", "create_graph under NoGrad: nothing would be recorded");
  check_arguments(outputs, inputs, seeds.size());
  detail::Pass pass(&inputs, detail::Recording::yes);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const Tensor given = seeds.empty() || !seeds[i].defined() ? Tensor() : seeds[i].value();
    const Tensor checked = seed_of("grad", outputs[i], seeds.empty() ? nullptr : &given);
    pass.add_root(outputs[i], seeds.empty() ? Variable(checked) : seeds[i]);
  }
  check_reached(pass, inputs);
  pass.run(retain_graph);
  std::vector<Variable> gradients;
  for (const Variable& input : inputs) gradients.push_back(pass.recorded(input));
  if (checks()) detail::count_gradients();
  return gradients;
}

}  // namespace plumb
