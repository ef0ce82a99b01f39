// Optimizer: parameter groups, what is kept of each parameter, step counts and saving. A rule
// derives from it and adds one function, update.
#pragma once

#include <cstdint>
#include <forward_list>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../autograd/variable.hpp"
#include "../core/io/state_dict.hpp"
#include "group_options.hpp"

namespace plumb::optim {

/// Parameters that are trained alike, and the options in which they differ from the optimizer's
/// defaults. An option that is named here is set, also when its value equals a default.
struct ParameterGroup {
  Parameters parameters;
  Settings options = {};
};

/// A number that a rule keeps of every parameter: finite and in `range`, which holds 0.
struct StateNumber {
  std::string name;
  Range range;
  /// The tensor that is defined exactly where this number is not 0; "" for none.
  std::string of = {};
};

/// A tensor that a rule keeps of every parameter: of its shape, and of its dtype, unless given.
struct StateTensor {
  /// Whether a kept tensor's shape is right for a parameter's.
  using Fits = bool (*)(const Shape& kept, const Shape& parameter);

  StateTensor(const char* tensor) : name(tensor) {}  // NOLINT: a name is all that most need
  StateTensor(const char* tensor, DType type) : name(tensor), dtype(type) {}
  StateTensor(const char* tensor, Fits right) : name(tensor), fits(right) {}
  DType dtype_for(const Tensor& parameter) const { return dtype.value_or(parameter.dtype()); }
  bool has_shape_for(const Tensor& kept, const Tensor& parameter) const {
    return fits == nullptr ? kept.shape() == parameter.shape()
                           : fits(kept.shape(), parameter.shape());
  }

  std::string name;
  std::optional<DType> dtype;
  Fits fits = nullptr;  ///< Null: the parameter's shape. Others the rule makes itself.
};

/// What a rule keeps of every parameter, by name. The names appear in state dicts and have no dots.
struct StateNames {
  std::vector<StateTensor> tensors;
  std::vector<StateNumber> numbers;
  int min_rank = 0;  ///< Parameters of fewer axes are refused.
};

/// What is kept of one parameter, in the order of StateNames.
struct ParameterState {
  std::int64_t steps = 0;       ///< Steps that this parameter took part in.
  std::vector<Tensor> tensors;  ///< Undefined until the rule needs them.
  std::vector<double> numbers;  ///< 0 at the start.
};

class UpdateLoop;  // internal/update_loop.hpp
class StepWatch;   // internal/step_watch.hpp

/// Computes the loss and its gradients, by zero_grad(), forward and backward(); returns the loss.
using Closure = std::function<double()>;

/// Whether step() looks at the gradients before it uses them.
enum class GradientCheck : std::uint8_t {
  none,
  finite,  ///< RefusedGradient where any gradient holds a NaN or an infinity.
};

/// The base of all update rules.
///
/// A parameter without a gradient, or that does not require one (frozen), is skipped by step() and
/// its count does not advance; a gradient of zeros still moves it. step() never changes a gradient.
/// Whatever throws has changed nothing.
class Optimizer {
 public:
  struct Group {
    Parameters parameters;
    std::shared_ptr<GroupOptions> options;
    std::vector<ParameterState> states;  ///< One for each parameter.
    std::shared_ptr<const StateNames> names;
  };

  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  /// Changes every parameter that has a gradient by the rule. Throws where a parameter's shape or
  /// dtype is no longer that of its state, between swap_in() and swap_out(), and RefusedGradient for
  /// a gradient that the check or the rule refuses.
  void step();
  /// The same for rules that ask for the loss more than once (LBFGS). All others call the closure
  /// once and step by the gradients that it leaves. Returns the loss of the first call, at the
  /// weights before the step.
  double step(const Closure& closure) { return step_by(closure); }
  /// Forgets the gradients of all parameters.
  void zero_grad();

  /// Adds parameters that take part in the steps to come. Throws where the list is empty and for a
  /// parameter that is already in a group, whose name is taken, or that is no floating leaf.
  void add_group(const ParameterGroup& group);
  const std::vector<Group>& groups() const& { return groups_; }
  const std::vector<Group>& groups() const&& = delete;

  /// All options of a group, in the order of the rule's list.
  Settings settings(int group) const { return at(group).options->settings(); }
  /// Changes options of one group together. Throws for unknown names and for what the rule refuses.
  void set(int group, const Settings& changes);
  void set(int group, const std::string& name, OptionValue value);
  /// The learning rate of a group: its option "lr".
  double lr(int group = 0) const { return at(group).options->lr(); }
  /// Sets the learning rate of one group, or of all. Allocates nothing.
  void set_lr(int group, double lr);
  void set_lr(double lr);

  /// None at first. Not part of the state dict.
  void set_gradient_check(GradientCheck check) { check_ = check; }

  /// Puts the weights to judge by in the parameters' place, in their memory, and keeps what was
  /// there. They are other weights for rules that say so (ScheduleFreeSGD), else those that are
  /// trained. Statistics of batch norm remain those of the weights that are trained. Throws where
  /// they are in place already.
  void swap_in();
  /// Puts back what swap_in() kept. Throws where nothing was swapped in, and where a parameter's
  /// shape or dtype has changed since.
  void swap_out();
  bool swapped_in() const { return swapped_in_; }

  /// Groups with their options, and by parameter name all that is kept. Shares memory: clone() the
  /// result to keep it while training goes on. Throws, as loading does, between swap_in() and
  /// swap_out(): the weights that are trained would be missing from what is saved.
  StateDict state_dict() const;
  /// Goes on where the saved optimizer was, bit for bit, with copies of its tensors. Throws one
  /// error that lists all names, groups, shapes, dtypes and numbers that do not fit.
  void load_state_dict(const StateDict& from);

  /// The rule's name: "SGD".
  const std::string& name() const& { return name_; }
  std::string name() && { return name_; }

 protected:
  /// A gradient to step by, of the value's shape and dtype; undefined for none.
  using GradientOf = Tensor (*)(const Parameter& parameter, const ParameterState& state);

  /// A parameter that takes part in a step, for the rule.
  struct Update {
    Tensor value;     ///< To be changed in place.
    Tensor gradient;  ///< Not to be changed. Of the value's shape and dtype.
    ParameterState& state;
    std::int64_t t;  ///< Which of its steps this is for the parameter, from 1.
    const GroupOptions& group;

    /// The options of its group; Options must be those of the rule.
    template <class Options>
    const Options& options() const {
      return static_cast<const TypedOptions<Options>&>(group).options();
    }
  };

  /// The tensors that begin in a step. They become state in keep(), so that a step that throws before
  /// it has changed nothing.
  class Beginnings {
   public:
    explicit Beginnings(const Optimizer& of) : names_(*of.names_) {}
    /// The tensor of that index that is kept of the parameter. Where there is none, a new one of the
    /// parameter's shape, filled with `start`, which keep() will keep. Valid until then.
    Tensor* tensor(const Update& update, std::size_t index, double start = 0);
    void keep();

   private:
    struct Beginning {
      Tensor* place;
      Tensor tensor;
    };
    const StateNames& names_;
    std::forward_list<Beginning> all_;  // nothing is allocated where nothing begins
  };

  /// The options of a group; Options must be those of the rule.
  template <class Options>
  const Options& typed_options(int group) const {
    return static_cast<const TypedOptions<Options>&>(*at(group).options).options();
  }

  /// For the rule's constructor. Throws where the defaults or a group's options are not valid, and
  /// as add_group does.
  template <class Options>
  Optimizer(const std::vector<ParameterGroup>& groups, const Options& defaults, StateNames names)
      : Optimizer(Options::fields().owner, groups,
                  std::make_shared<const TypedOptions<Options>>(defaults), std::move(names)) {}

  /// The parameters that are not frozen and have such a gradient. Throws as step() does.
  std::vector<Update> updates_by(GradientOf gradient);
  /// Counts a step of each.
  static void count_step(std::vector<Update>& updates);

  /// The rule: changes the values and what is kept, by the gradients. The base counts the steps. All
  /// that may throw, as what needs memory does, must come before the first change.
  virtual void update(std::vector<Update>& updates) = 0;
  /// To be called by `update` between what may throw and the first change; UpdateLoop::run() does.
  /// The other rules of a Combined get ready in it, so it may throw too.
  void before_changes() {
    if (Sequel* const sequel = std::exchange(sequel_, nullptr)) sequel->run();
  }
  /// A step by a closure, for rules that call it more than once.
  virtual double step_by(const Closure& closure);
  /// The weights to judge by of one parameter of a group; undefined for those that are trained.
  virtual Tensor weights_to_judge(const Group& group, std::size_t index) const;

  /// A group by index; throws with the range.
  const Group& at(int group) const;

 private:
  friend class UpdateLoop;
  friend class Combined;
  class Sequel {
   public:
    virtual void run() = 0;

   protected:
    ~Sequel() = default;
  };

  Optimizer() = default;
  Optimizer(std::string name, const std::vector<ParameterGroup>& groups,
            std::shared_ptr<const GroupOptions> defaults, StateNames names);
  void check_new(const Parameters& parameters, const StateNames& names) const;
  void check_swapped_out(const char* action) const;
  // The options of a group, to be changed: a copy where somebody else holds them.
  static GroupOptions& own_options(Group& group);
  void check_state(const std::string& parameter, const StateNames& names,
                   const Update& update) const;

  std::string name_;
  std::shared_ptr<const StateNames> names_;
  std::shared_ptr<const GroupOptions> defaults_;
  std::vector<Group> groups_;
  bool swapped_in_ = false;
  std::vector<std::pair<Variable, Tensor>> kept_;  // what is trained, while swapped in
  Sequel* sequel_ = nullptr;                       // the other rules of a Combined
  GradientCheck check_ = GradientCheck::none;
  std::shared_ptr<StepWatch> watch_;  // made when checks() are first on
};

}  // namespace plumb::optim
