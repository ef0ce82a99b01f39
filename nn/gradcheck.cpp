#include "gradcheck.hpp"

#include "../autograd/record.hpp"

namespace plumb::nn {
namespace {

// A layer as a function of x and its parameters. Its destructor restores the layer.
class AsFunction {
 public:
  explicit AsFunction(Layer& layer)
      : layer_(layer), before_(layer.state_dict().clone()), streams_(layer.generators()) {
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

  std::vector<Tensor> inputs(const Tensor& x) const {
    std::vector<Tensor> all{x};
    for (const Variable& p : parameters_) all.push_back(p.value());
    return all;
  }

  // The layer's own graph ends at its parameters, which are not gradcheck's inputs. So the layer is
  // recorded as one operation of these, whose rule runs backward through the graph inside.
  Variable operator()(const std::vector<Variable>& inputs) const {
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      Tensor value = parameters_[i].value();
      value.copy_from(inputs[i + 1].value());
    }
    rewind();
    std::vector<Variable> leaves{Variable::leaf(inputs[0].value())};
    leaves.insert(leaves.end(), parameters_.begin(), parameters_.end());
    const Variable y = layer_(leaves[0]);
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

  Layer& layer_;
  StateDict before_;
  std::vector<NamedGenerator> streams_;
  std::vector<Variable> parameters_;
  std::vector<std::uint64_t> positions_;
};

}  // namespace

void gradcheck(Layer& layer, const Tensor& x, const GradcheckOptions& options) {
  const AsFunction function(layer);
  plumb::gradcheck([&](const std::vector<Variable>& inputs) { return function(inputs); },
                   function.inputs(x), options);
}

}  // namespace plumb::nn
