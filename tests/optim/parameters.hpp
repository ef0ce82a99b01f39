// Parameters with given values and gradients, for the tests of optimizers.
#pragma once

#include <doctest/doctest.h>

#include <plumb/optim.hpp>
#include <string>
#include <vector>

#include "../support/errors.hpp"

namespace plumb::test {

/// A trainable parameter [n] of float64.
inline Parameter parameter(const std::string& name, const std::vector<double>& values) {
  return {name, Variable::leaf(Tensor::from(values))};
}

inline void set_grad(const Parameter& p, const std::vector<double>& gradient) {
  Variable handle = p.variable;
  handle.set_grad(Tensor::from(gradient, p.variable.shape()).to(p.variable.dtype()));
}

inline std::vector<double> values(const Parameter& p) {
  return p.variable.value().to(DType::float64).to_vector<double>();
}

/// Where a parameter of one element stands after steps of a rule with these gradients, from 1. With
/// binary fractions most literals in the tests are exact.
template <class Rule>
double after(const typename Rule::Options& options, const std::vector<double>& gradients) {
  const Parameter p = parameter("p", {1});
  Rule optimizer(Parameters{p}, options);
  for (const double gradient : gradients) {
    set_grad(p, {gradient});
    optimizer.step();
  }
  return values(p)[0];
}

/// Whether all entries are equal, tensors bit for bit.
inline bool same_state(const StateDict& a, const StateDict& b) {
  if (a.scalars() != b.scalars() || a.tensors().size() != b.tensors().size()) return false;
  for (const auto& [name, x] : a.tensors()) {
    if (!b.has_tensor(name)) return false;
    const Tensor& y = b.tensor(name);
    if (x.shape() != y.shape() || x.dtype() != y.dtype() ||
        std::string(reinterpret_cast<const char*>(x.raw()), x.bytes()) !=
            std::string(reinterpret_cast<const char*>(y.raw()), y.bytes()))
      return false;
  }
  return true;
}

}  // namespace plumb::test
