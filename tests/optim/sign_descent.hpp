// The rule of one's own that docs/optim.md shows.
#pragma once

#include <plumb/optim.hpp>

namespace plumb::test {

// Sign descent with momentum (Bernstein et al. 2018, "signSGD"), t = 1, 2, ...:
//   a = momentum a + (1 - momentum) g;  p = p - lr sign(a)
struct SignOptions {
  double lr = 0.01;
  double momentum = 0.9;

  static const optim::Fields<SignOptions>& fields() {
    static const optim::Fields<SignOptions> all = {
        "SignDescent",
        {{"lr", &SignOptions::lr, optim::at_least(0)},
         {"momentum", &SignOptions::momentum, optim::half_open(0, 1)}}};
    return all;
  }
  static optim::StateNames state() { return {{"average"}, {}}; }
};

class SignDescent : public optim::Rule<SignOptions> {
 public:
  using Rule::Rule;

 private:
  void update(std::vector<Update>& updates) override {
    std::vector<Tensor> averages, values;
    for (const Update& u : updates) {  // may throw: nothing has changed yet
      const auto& options = u.options<SignOptions>();
      const Tensor zero = Tensor::scalar(0, u.value.dtype());
      Tensor a = (1 - options.momentum) * u.gradient;
      const Tensor& before = u.state.tensors[0];
      if (before.defined()) a = options.momentum * before + a;
      const Tensor sign = (a > zero).to(a.dtype()) - (a < zero).to(a.dtype());
      averages.push_back(a);
      values.push_back(u.value - options.lr * sign);
    }
    for (std::size_t i = 0; i < updates.size(); ++i) {  // needs no memory
      updates[i].state.tensors[0] = std::move(averages[i]);
      updates[i].value.copy_from(values[i]);
    }
  }
};

}  // namespace plumb::test
