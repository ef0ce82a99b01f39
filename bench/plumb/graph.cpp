// What recording costs plumb.
#include <plumb/autograd.hpp>

#include "../shared/workloads.hpp"
#include "tensors.hpp"

using namespace plumb;

namespace bench {

void mul(std::int64_t size) {
  const Variable a = Variable::leaf(values({size}, 1, 1));
  const Variable b = Variable::leaf(values({size}, 2, 1));
  check(sum(a * b).item());
  time([&] { const Variable y = a * b; });
}

void chain(std::int64_t size) {
  Variable a = Variable::leaf(values({size}, 1, 1));
  Variable b = Variable::leaf(Tensor::ones({size}));
  const Tensor seed = Tensor::ones({size});
  const auto pass = [&] {
    Variable y = a;
    for (int i = 0; i < 1000; ++i) y = y * b;
    y.backward(seed);
  };
  pass();
  check(a.grad().at({0}));
  time([&] {
    a.zero_grad();
    b.zero_grad();
    pass();
  });
}

}  // namespace bench
