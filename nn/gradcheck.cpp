#include "gradcheck.hpp"

#include "../autograd/record.hpp"

namespace plumb::nn {
namespace {

// A pass through a module as a function of the inputs that are floating, and of its parameters. Its
// destructor restores the module.
class AsFunction {
 public:
  AsFunction(Module& module, const GradcheckFunction& pass, const std::vector<Tensor>& inputs)
      : module_(module),
        pass_(pass),
        inputs_(inputs),
        before_(module.state_dict().clone()),
        streams_(module.generators()) {
    for (const Parameter& p : module.parameters())
      if (p.variable.requires_grad()) parameters_.push_back(p.variable);
    for (const NamedGenerator& s : streams_) positions_.push_back(s.generator->position());
  }
  ~AsFunction() {
    module_.load_state_dict(before_);
    rewind();
  }
  AsFunction(const AsFunction&) = delete;
  AsFunction& operator=(const AsFunction&) = delete;

  std::vector<Tensor> inputs() const {
    std::vector<Tensor> all;
    for (const Tensor& x : inputs_)
      if (is_floating(x.dtype())) all.push_back(x);
    for (const Variable& p : parameters_) all.push_back(p.value());
    return all;
  }

  // The module's own graph ends at its parameters, which are not gradcheck's inputs. So the pass is
  // recorded as one operation of these, whose rule runs backward through the graph inside.
  Variable operator()(const std::vector<Variable>& at) const {
    std::vector<Variable> arguments, leaves;
    for (const Tensor& x : inputs_) {
      arguments.push_back(is_floating(x.dtype()) ? Variable::leaf(at[leaves.size()].value())
                                                 : Variable(x));
      if (is_floating(x.dtype())) leaves.push_back(arguments.back());
    }
    for (const Variable& parameter : parameters_) {
      Tensor value = parameter.value();
      value.copy_from(at[leaves.size()].value());
      leaves.push_back(parameter);
    }
    rewind();
    const Variable y = pass_(arguments);
    return record("layer", y.value(), at, [y, leaves](const Tensor& g, Gradients& to) {
      const std::vector<Tensor> gradients = grad({y}, leaves, {g}, retain_graph);
      for (std::size_t i = 0; i < gradients.size(); ++i) to.give(i, gradients[i]);
    });
  }

  // Both for the second order, in whose graph the parameters stand themselves: the arguments of the
  // pass, and those of them that are leaves, with the parameters behind.
  std::vector<Variable> arguments() const {
    std::vector<Variable> all;
    for (const Tensor& x : inputs_)
      all.push_back(is_floating(x.dtype()) ? Variable::leaf(x.clone()) : Variable(x));
    return all;
  }
  std::vector<Variable> leaves(const std::vector<Variable>& arguments) const {
    std::vector<Variable> all;
    for (const Variable& argument : arguments)
      if (argument.requires_grad()) all.push_back(argument);
    all.insert(all.end(), parameters_.begin(), parameters_.end());
    return all;
  }
  Variable run(const std::vector<Variable>& arguments) const {
    rewind();
    return pass_(arguments);
  }

 private:
  void rewind() const {
    for (std::size_t i = 0; i < streams_.size(); ++i)
      streams_[i].generator->set_position(positions_[i]);
  }

  Module& module_;
  const GradcheckFunction& pass_;
  std::vector<Tensor> inputs_;
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
  gradcheck(
      layer, [&](const std::vector<Variable>& in) { return layer(in[0], lengths); }, {x}, options);
}

void gradcheck(Module& module, const GradcheckFunction& f, const std::vector<Tensor>& inputs,
               const GradcheckOptions& options) {
  const AsFunction function(module, f, inputs);
  plumb::gradcheck([&](const std::vector<Variable>& at) { return function(at); }, function.inputs(),
                   options);
}

void gradgradcheck(Layer& layer, const Tensor& x, const GradcheckOptions& options) {
  gradgradcheck(layer, x, Tensor(), options);
}

void gradgradcheck(Layer& layer, const Tensor& x, const Tensor& lengths,
                   const GradcheckOptions& options) {
  gradgradcheck(
      layer, [&](const std::vector<Variable>& in) { return layer(in[0], lengths); }, {x}, options);
}

void gradgradcheck(Module& module, const GradcheckFunction& f, const std::vector<Tensor>& inputs,
                   const GradcheckOptions& options) {
  const AsFunction function(module, f, inputs);
  const std::vector<Variable> arguments = function.arguments();
  plumb::detail::check_second_gradients([&] { return function.run(arguments); },
                                        function.leaves(arguments), options);
}

}  // namespace plumb::nn
