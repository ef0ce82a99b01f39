#include "gradients_or_zeros.hpp"

#include "pass.hpp"

namespace plumb::detail {

std::vector<Tensor> gradients_or_zeros(const std::vector<Variable>& outputs,
                                       const std::vector<Variable>& inputs,
                                       const std::vector<Tensor>& seeds) {
  for (const Variable& input : inputs)
    if (!input.requires_grad()) fail("grad", "an input does not require a gradient");
  Pass pass(&inputs);
  for (std::size_t i = 0; i < outputs.size(); ++i)
    if (outputs[i].requires_grad()) pass.add_root(outputs[i], seeds[i]);
  pass.run(retain_graph);
  std::vector<Tensor> gradients;
  for (const Variable& input : inputs) {
    const Tensor gathered = pass.result(input);
    gradients.push_back(gathered.defined() ? gathered
                                           : Tensor::zeros(input.shape(), input.dtype()));
  }
  return gradients;
}

}  // namespace plumb::detail
