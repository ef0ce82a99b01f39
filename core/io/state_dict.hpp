// StateDict: what is saved of a model, an optimizer, a loader: named tensors and named scalars.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <variant>

#include "../tensor/tensor.hpp"

namespace plumb {

/// Named tensors and scalars, each kind in the order of its names. Names are dotted: "fc1.weight".
class StateDict {
 public:
  using Scalar = std::variant<bool, std::int64_t, double, std::string>;

  /// Adds or replaces a tensor; shares its memory.
  void set(const std::string& name, const Tensor& value) { tensors_[name] = value; }
  /// Adds or replaces a scalar. The overloads keep integers and literals from picking the wrong
  /// kind.
  void set(const std::string& name, bool value) { scalars_[name] = value; }
  void set(const std::string& name, int value) { scalars_[name] = std::int64_t{value}; }
  void set(const std::string& name, std::int64_t value) { scalars_[name] = value; }
  void set(const std::string& name, double value) { scalars_[name] = value; }
  void set(const std::string& name, const std::string& value) { scalars_[name] = value; }
  void set(const std::string& name, const char* value) { scalars_[name] = std::string(value); }

  bool has_tensor(const std::string& name) const { return tensors_.count(name) > 0; }
  bool has_scalar(const std::string& name) const { return scalars_.count(name) > 0; }
  /// Throws "[StateDict] no tensor named 'x'", and where it was left out says why.
  const Tensor& tensor(const std::string& name) const&;
  Tensor tensor(const std::string& name) && { return std::as_const(*this).tensor(name); }
  /// The scalar as T, one of bool, std::int64_t, double and std::string. Throws when it is missing
  /// or of another kind, naming it.
  template <class T>
  const T& scalar(const std::string& name) const& {
    const T* value = std::get_if<T>(&any_scalar(name));
    if (value == nullptr) refuse_kind(name);
    return *value;
  }
  template <class T>
  T scalar(const std::string& name) && {
    return std::as_const(*this).template scalar<T>(name);
  }

  const std::map<std::string, Tensor>& tensors() const& { return tensors_; }
  std::map<std::string, Tensor> tensors() && { return std::move(tensors_); }
  const std::map<std::string, Scalar>& scalars() const& { return scalars_; }
  std::map<std::string, Scalar> scalars() && { return std::move(scalars_); }
  bool empty() const { return tensors_.empty() && scalars_.empty(); }

  /// Notes that a tensor could not be loaded, and why. It is none of the entries.
  void leave_out(const std::string& name, const std::string& why) { left_out_[name] = why; }
  /// What was left out, with the reasons.
  const std::map<std::string, std::string>& left_out() const& { return left_out_; }
  std::map<std::string, std::string> left_out() && { return std::move(left_out_); }

  /// Adds all entries of `part` as "prefix.name".
  void insert(const std::string& prefix, const StateDict& part);
  /// The entries named "prefix.name", as "name".
  StateDict part(const std::string& prefix) const;
  /// The same entries with memory of their own.
  StateDict clone() const;

 private:
  const Scalar& any_scalar(const std::string& name) const;
  [[noreturn]] static void refuse_kind(const std::string& name);

  std::map<std::string, Tensor> tensors_;
  std::map<std::string, Scalar> scalars_;
  std::map<std::string, std::string> left_out_;
};

}  // namespace plumb
