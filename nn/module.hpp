// Module: a tree of named parameters, buffers and children, walked to train, save and list a model.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "../autograd/variable.hpp"
#include "../core/io/state_dict.hpp"
#include "../core/runtime/random.hpp"

namespace plumb::nn {

class Module;

/// What a module saves but does not train, with its dotted name. A constant.
struct Buffer {
  std::string name;
  Variable variable;
};

/// A module of a tree with its dotted name there: "" for the root.
struct NamedModule {
  std::string name;
  Module* module;
};

/// A random stream that a module owns, with its dotted name.
struct NamedGenerator {
  std::string name;
  Generator* generator;
};

/// Which parameters parameter_count counts.
enum class Count : std::uint8_t { all, trainable };

/// Whether a state dict must have exactly the names that the module has.
enum class Match : std::uint8_t { strict, lenient };

/// Whether loading may convert between float32 and float64.
enum class Convert : std::uint8_t { no, yes };

/// What lenient loading passed over.
struct LoadReport {
  std::vector<std::string> missing;     ///< In the module only; these kept their values.
  std::vector<std::string> unexpected;  ///< In the state dict only.
};

/// A tree of parameters, buffers, random streams and children, registered by name in the
/// constructor of the derived class.
///
/// Names in lists and state dicts are joined by dots: parameter "weight" of child "fc1" is
/// "fc1.weight". A module's own entries come first, then its children's, each in the order of
/// registration. A weight or module that is shared has several names: it is listed under the first,
/// but saved under all.
///
/// Modules can be moved, not copied; handles on parameters and buffers and references to children
/// stay valid when their module moves.
class Module {
 public:
  virtual ~Module();
  Module(Module&& other) noexcept;
  Module& operator=(Module&& other) noexcept;

  /// The parameters of the whole tree. With a prefix their names begin with it and a dot, so that
  /// one optimizer takes two models:
  ///
  ///   optim::Adam optimizer({{coder.parameters("coder")}, {decoder.parameters("decoder")}});
  Parameters parameters(const std::string& prefix = {}) const;
  /// The buffers of the whole tree.
  std::vector<Buffer> buffers() const;
  /// The random streams of the whole tree. Their positions and the state dict are all of a model
  /// that a training run needs to go on as if it had never stopped.
  std::vector<NamedGenerator> generators() const&;
  std::vector<NamedGenerator> generators() const&& = delete;
  /// The direct children, in order of registration; one that has two names appears twice.
  std::vector<NamedModule> children() const&;
  std::vector<NamedModule> children() const&& = delete;
  /// This module, named "", and all below it: each before its children.
  std::vector<NamedModule> modules() &;
  std::vector<NamedModule> modules() && = delete;

  /// Puts the whole tree in training mode, the mode of a new module: dropout drops.
  void train();
  /// Puts the whole tree in evaluation mode.
  void eval();
  /// Whether this module is in training mode.
  bool training() const { return training_; }

  /// Converts all parameters and floating buffers; every handle sees it, gradients are forgotten.
  /// Call it before an optimizer takes the parameters. Throws for the integer types.
  void to(DType dtype);
  /// Forgets the gradients of the whole tree.
  void zero_grad();
  /// Elements of all parameters, or of those that require a gradient.
  std::int64_t parameter_count(Count which = Count::all) const;

  /// Parameters and buffers by name. The tensors are the module's own, not copies: clone() the
  /// result to keep it while training goes on.
  StateDict state_dict() const;
  /// Copies values into parameters and buffers, in place. Throws one error that lists everything
  /// that does not fit, and then changes nothing: missing and unexpected names (unless lenient;
  /// scalars are never expected), other shapes and other dtypes (unless float32 and float64 may be
  /// converted). PyTorch always converts, and before it throws it overwrites what fits.
  LoadReport load_state_dict(const StateDict& state, Match match = Match::strict,
                             Convert convert = Convert::no);

  /// Its dotted name in the tree that it is a part of, the first that it got; "" for the root.
  std::string path() const;
  /// The class's name without namespaces, as printed by summary.
  virtual std::string type_name() const;

 protected:
  Module() = default;

  // All of these throw when the name is empty, contains a dot or is taken in this module.

  /// Makes `value` a parameter: a leaf that wants a gradient. Throws for integer tensors.
  Variable add_parameter(const std::string& name, Tensor value);
  /// Takes a parameter that other modules may have too. Throws unless it is a leaf.
  Variable add_parameter(const std::string& name, Variable shared);
  /// Makes `value` a buffer. Change it with the handle's set_value or in place. Do not keep the
  /// handle's tensor: to() replaces it.
  Variable add_buffer(const std::string& name, Tensor value);
  /// Takes over a random stream.
  Generator& add_generator(const std::string& name, Generator generator);
  /// Takes over a module.
  template <class M>
  M& add(const std::string& name, M module) {
    static_assert(std::is_base_of_v<Module, M>, "a child is a Module");
    return add(name, std::make_shared<M>(std::move(module)));
  }
  /// Takes a module that others may hold too. Throws for null and where a module would come to
  /// contain itself.
  template <class M>
  M& add(const std::string& name, std::shared_ptr<M> module) {
    static_assert(std::is_base_of_v<Module, M>, "a child is a Module");
    M* child = module.get();
    add_child(name, std::move(module));
    return *child;
  }

 private:
  friend class EvalMode;
  friend class Layer;
  struct Child {
    std::string name;
    std::shared_ptr<Module> module;
  };
  struct Stream {
    std::string name;
    std::unique_ptr<Generator> generator;  // references to it stay valid when the module moves
  };

  void check_name(const char* operation, const std::string& name) const;
  void add_child(const std::string& name, std::shared_ptr<Module> module);
  bool contains(const Module* module) const;
  // Whether nobody will train the tree or set its mode: it has parameters that want a gradient or
  // random streams, and nobody has asked for its parameters.
  bool forgotten() const;
  Parameters list_parameters(const std::string& prefix) const;
  const Module& root() const;
  // Children whose parent is `from` have `to` in its place, which may be null.
  void change_parent(const Module* from, Module* to) noexcept;
  void set_training(bool training);
  // Calls visit(path, module) for every module under every one of its names, parents first.
  template <class M, class Visit>
  static void walk(M& module, const std::string& path, const Visit& visit);
  // Calls visit(name, variable) for every parameter and buffer under every one of its names.
  template <class Visit>
  void walk_state(const Visit& visit) const;

  Parameters parameters_;
  std::vector<Buffer> buffers_;
  std::vector<Stream> generators_;
  std::vector<Child> children_;
  Module* parent_ = nullptr;                 // the first that took it and lives
  mutable std::atomic<bool> listed_{false};  // somebody has asked for the parameters
  bool training_ = true;
};

/// While it lives, a module and all below it are in evaluation mode. Then each goes back to the
/// mode that it had.
class EvalMode {
 public:
  explicit EvalMode(Module& module);
  ~EvalMode();
  EvalMode(const EvalMode&) = delete;
  EvalMode& operator=(const EvalMode&) = delete;

 private:
  std::vector<std::pair<Module*, bool>> before_;
};

}  // namespace plumb::nn
