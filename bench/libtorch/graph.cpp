// What recording costs libtorch.
#include "../shared/workloads.hpp"
#include "tensors.hpp"

namespace bench {

void mul(std::int64_t size) {
  const torch::Tensor a = values({size}, 1, 1).requires_grad_();
  const torch::Tensor b = values({size}, 2, 1).requires_grad_();
  check((a * b).sum().item<double>());
  time([&] { const torch::Tensor y = a * b; });
}

void chain(std::int64_t size) {
  torch::Tensor a = values({size}, 1, 1).requires_grad_();
  torch::Tensor b = torch::ones({size}, torch::requires_grad());
  const torch::Tensor seed = torch::ones({size});
  const auto pass = [&] {
    torch::Tensor y = a;
    for (int i = 0; i < 1000; ++i) y = y * b;
    y.backward(seed);
  };
  pass();
  check(a.grad()[0].item<double>());
  time([&] {
    a.mutable_grad() = torch::Tensor();
    b.mutable_grad() = torch::Tensor();
    pass();
  });
}

}  // namespace bench
