// sgd_trajectory OUT.npz SEED: 100 steps of an MLP on digits by heavy ball and by debiased momentum
// of the same effective learning rate: start, batches, losses and the weights in the end, for
// PyTorch to follow.
#include <cstdio>
#include <cstdlib>
#include <plumb/plumb.hpp>
#include <string>

using namespace plumb;

namespace {

constexpr std::int64_t steps = 100, batch_size = 64;

nn::Sequential make_model(std::uint64_t seed) {
  Generator random(seed);
  return nn::Sequential{nn::Linear(784, 128, random), nn::ReLU(), nn::Linear(128, 10, random)};
}

void save_parameters(StateDict& to, const std::string& when, const nn::Module& model) {
  for (const Parameter& parameter : model.parameters())
    to.set(when + "." + parameter.name, parameter.variable.value().clone());
}

void train(StateDict& to, const std::string& name, const optim::SGD::Options& options,
           std::uint64_t seed, const Tensor& x, const Tensor& y) {
  nn::Sequential model = make_model(seed);
  save_parameters(to, "start", model);
  optim::SGD optimizer(model.parameters(), options);
  Tensor losses = Tensor::empty({steps}, DType::float64);
  for (std::int64_t step = 0; step < steps; ++step) {
    const std::int64_t begin = step * batch_size, end = begin + batch_size;
    const Variable loss = nn::cross_entropy(model(x.rows(begin, end)), y.rows(begin, end));
    losses.mutable_data<double>()[step] = loss.item();
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
  }
  save_parameters(to, name, model);
  to.set(name + ".losses", losses);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: sgd_trajectory OUT.npz SEED\n");
    return 2;
  }
  const std::uint64_t seed = std::strtoull(argv[2], nullptr, 10);
  data::LoaderOptions options;
  options.batch_size = steps * batch_size;
  options.shuffle = true;
  options.seed = seed;
  data::DataLoader loader(std::make_shared<data::SyntheticDigits>(20'000), options);
  const data::Batch all = *loader.begin();
  StateDict out;
  out.set("x", all.x);
  out.set("y", all.y);
  train(out, "heavy", optim::SGD::heavy_ball(0.03, 0.9), seed, all.x, all.y);
  train(out, "debiased", optim::SGD::debiased(0.3, 0.9), seed, all.x, all.y);
  save_npz(argv[1], out);
}
