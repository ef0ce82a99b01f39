// What DataParallelOptions::accumulate_below saves, and costs: sparse EPOCHS THRESHOLD..., under mpirun. It trains
// an MLP 784-128-10 on 10,000 digits, heavy ball with lr 0.03, and prints a line for each threshold: that, the bytes that
// rank 0 sends in a step, the mean loss of the last epoch, and the accuracy on 5,000 other digits.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <plumb/distributed.hpp>
#include <plumb/plumb.hpp>
#include <vector>

using namespace plumb;

namespace {

void train(distributed::Processes& processes, int epochs, double threshold) {
  data::LoaderOptions batches;
  batches.shuffle = true;
  Generator generator(/*seed=*/1);
  nn::Sequential model{nn::Linear(784, 128, generator), nn::ReLU(), nn::Linear(128, 10, generator)};
  optim::SGD optimizer(model.parameters(), optim::SGD::heavy_ball(/*lr=*/0.03, /*momentum=*/0.9));
  distributed::DataParallelOptions options;
  options.accumulate_below = threshold;
  distributed::DataParallel parallel(processes, model, options);
  batches.part = parallel.part();
  data::DataLoader loader(std::make_shared<data::SyntheticDigits>(10'000), batches);
  const std::int64_t before = processes.bytes_sent();
  double loss = 0;
  for (int epoch = 0; epoch < epochs; ++epoch) {
    loss = 0;
    for (const data::Batch& batch : loader) {
      optimizer.zero_grad();
      loss += parallel.backward(
          batch, [&](const data::Batch& part) { return nn::cross_entropy(model(part.x), part.y); });
      optimizer.step();
    }
  }
  const std::int64_t sent = (processes.bytes_sent() - before) / (epochs * loader.batches());
  if (!processes.first()) return;
  const NoGrad no_grad;
  data::DigitOptions drawn;
  drawn.seed = 2;
  const data::SyntheticDigits others(5000, drawn);
  const data::Batch test = others.gather(data::all_indices(others.size()));
  const std::vector<std::int64_t> guessed =
      argmax(model(test.x).value(), 1).to_vector<std::int64_t>();
  const std::vector<std::int64_t> truth = test.y.to_vector<std::int64_t>();
  std::int64_t right = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) right += guessed[i] == truth[i] ? 1 : 0;
  std::printf("%g %lld %.4f %.2f\n", threshold, static_cast<long long>(sent),
              loss / static_cast<double>(loader.batches()), static_cast<double>(right) / 50);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    set_num_threads(1);
    distributed::Processes processes;
    for (int i = 2; i < argc; ++i) train(processes, std::atoi(argv[1]), std::atof(argv[i]));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "sparse: %s\n", error.what());
    return 1;
  }
}
