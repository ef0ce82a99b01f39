// Learns the factors of a layer of one's own under an error of one's own.
#include <cmath>
#include <cstdio>
#include <plumb/plumb.hpp>

#include "gain.hpp"
#include "robust.hpp"

int main() {
  using plumb::Tensor;
  using plumb::Variable;

  plumb::gradcheck([](const std::vector<Variable>& in) { return robust(in[0]); },
                   {Tensor::from<double>({-3.0, -0.5, 0.0, 0.5, 3.0})});

  Gain model(2);
  plumb::optim::SGD optimizer(model.parameters(), plumb::optim::SGD::heavy_ball(0.1, 0.9));
  const Tensor x = Tensor::from<float>({1, 1, -1, 2, 2, -1}, {3, 2});
  const Tensor y = x * Tensor::from<float>({1.5F, 0.5F});
  for (int step = 0; step < 300; ++step) {
    Variable loss = plumb::mean(robust(model(x) - y));
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
  }

  // What links the LAPACK that plumb calls.
  if (plumb::linalg::svd(x).s.at({0}) < 1) return 1;

  const Tensor gain = model.parameters()[0].variable.value();
  std::printf("gain %.4f %.4f\n", gain.at({0}), gain.at({1}));
  return std::abs(gain.at({0}) - 1.5) < 1e-3 && std::abs(gain.at({1}) - 0.5) < 1e-3 ? 0 : 1;
}
