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
};

class SignDescent : public optim::Optimizer {
 public:
  SignDescent(const Parameters& parameters, const SignOptions& options)
      : Optimizer({{parameters}}, options, {{"average"}, {}}) {}

 private:
  void update(std::vector<Update>& updates) override {
    for (Update& u : updates) {
      const auto& options = u.options<SignOptions>();
      const Tensor zero = Tensor::scalar(0, u.value.dtype());
      Tensor& a = u.state.tensors[0];
      if (!a.defined()) a = Tensor::zeros(u.value.shape(), u.value.dtype());
      a.copy_from(options.momentum * a + (1 - options.momentum) * u.gradient);
      const Tensor sign = (a > zero).to(a.dtype()) - (a < zero).to(a.dtype());
      u.value.copy_from(u.value - options.lr * sign);
    }
  }
};

}  // namespace plumb::test
