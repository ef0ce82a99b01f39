#include "gradcheck.hpp"

#include "../autograd/record.hpp"

namespace plumb::nn {
namespace {

// A layer as a function of x, where that is floating, and of its parameters. Its destructor
// restores the layer.
class AsFunction {
 public:
  AsFunction(Layer& layer, const Tensor& x, const Tensor& lengths)
      : layer_(layer),
        x_(x),
        lengths_(lengths),
        before_(layer.state_dict().clone()),
        streams_(layer.generators()) {
    for (const Parameter& p : layer.parameters())
      if (p.variable.requires_grad()) parameters_.push_back(p.variable);
    for (const NamedGenerator& s : streams_) positions_.push_back(s.generator->position());
  }
  ~AsFunction() {
    layer_.load_state_dict(before_);
    rewind();
  }
  AsFunction(const AsFunction&) = delete;
  AsFunction& operator=(const AsFunction&) = delete;

  std::vector<Tensor> inputs() const {
    std::vector<Tensor> all;
    if (differentiable()) all.push_back(x_);
    for (const Variable& p : parameters_) all.push_back(p.value());
    return all;
  }

  // The layer's own graph ends at its parameters, which are not gradcheck's inputs. So the layer is
  // recorded as one operation of these, whose rule runs backward through the graph inside.
  Variable operator()(const std::vector<Variable>& inputs) const {
    const std::size_t first = differentiable() ? 1 : 0;
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      Tensor value = parameters_[i].value();
      value.copy_from(inputs[first + i].value());
    }
    rewind();
    std::vector<Variable> leaves;
    if (differentiable()) leaves.push_back(Variable::leaf(inputs[0].value()));
    leaves.insert(leaves.end(), parameters_.begin(), parameters_.end());
    const Variable y = layer_(differentiable() ? leaves[0] : Variable(x_), lengths_);
    return record("layer", y.value(), inputs, [y, leaves](const Tensor& g, Gradients& to) {
      const std::vector<Tensor> gradients = grad({y}, leaves, {g}, retain_graph);
      for (std::size_t i = 0; i < gradients.size(); ++i) to.give(i, gradients[i]);
    });
  }

 private:
  void rewind() const {
    for (std::size_t i = 0; i < streams_.size(); ++i)
      streams_[i].generator->set_position(positions_[i]);
  }

  bool differentiable() const { return is_floating(x_.dtype()); }

  Layer& layer_;
  Tensor x_, lengths_;
  StateDict before_;
  std::vector<NamedGenerator> streams_;
  std::vector<Variable> parameters_;
  std::vector<std::uint64_t> positions_;
};

}  // namespace

void gradcheck(Layer& layer, const Tensor& x, const GradcheckOptions& options) {
  gradcheck(layer, x, Tensor(), options);
}

void gradcheck(Layer& layer, const Tensor& x, const Tensor& lengths,
               const GradcheckOptions& options) {
  const AsFunction function(layer, x, lengths);
  plumb::gradcheck([&](const std::vector<Variable>& inputs) { return function(inputs); },
                   function.inputs(), options);
}

}  // namespace plumb::nn
