// A training step on the ranks that mpirun starts, one thread each: training NET-BATCH SHARDS SECONDS, where NET is
// mlp, lenet, cnn or cnnbn. Rank 0 prints the median milliseconds of a step of DataParallel; with 0 for SHARDS, that of
// a step as a program of one process takes it.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <map>
#include <plumb/distributed.hpp>
#include <plumb/examples/support/digit_nets.hpp>
#include <plumb/plumb.hpp>
#include <stdexcept>
#include <string>
#include <vector>

using namespace plumb;

namespace {

const std::map<std::string, nn::Sequential (*)(Generator&)> nets = {
    {"mlp", digit_nets::mlp},
    {"lenet", digit_nets::lenet},
    {"cnn", digit_nets::cnn},
    {"cnnbn", digit_nets::cnn_bn},
};

// Of parts of five steps. All ranks take as many steps as rank 0 has time for.
template <class Step>
double median_seconds(distributed::Processes& processes, double seconds, const Step& step) {
  const auto time = [&](int steps) {
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < steps; ++i) step();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() / steps;
  };
  time(5);
  StateDict said;
  said.set("parts", std::max<std::int64_t>(5, static_cast<std::int64_t>(seconds / 5 / time(5))));
  std::vector<double> times;
  for (auto i = processes.broadcast(said).scalar<std::int64_t>("parts"); i > 0; --i)
    times.push_back(time(5));
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

void run(const std::string& workload, std::int64_t shards, double seconds) {
  distributed::Processes processes;
  const std::size_t dash = workload.find('-');
  const std::string net = workload.substr(0, dash);
  const std::int64_t samples = std::stoll(workload.substr(dash + 1));
  Generator generator(/*seed=*/1);
  nn::Sequential model = nets.at(net)(generator);
  optim::SGD optimizer(model.parameters(), optim::SGD::heavy_ball(/*lr=*/0.01, /*momentum=*/0.9));
  data::Batch batch = data::SyntheticDigits(samples).gather(data::all_indices(samples));
  if (net != "mlp") batch.x = batch.x.reshape({samples, 1, 28, 28});
  const auto loss_of = [&](const data::Batch& part) {
    return nn::cross_entropy(model(part.x), part.y);
  };
  double time = 0;
  if (shards == 0) {
    time = median_seconds(processes, seconds, [&] {
      optimizer.zero_grad();
      loss_of(batch).backward();
      optimizer.step();
    });
  } else {
    distributed::DataParallelOptions options;
    options.shards = shards;
    distributed::DataParallel parallel(processes, model, options);
    time = median_seconds(processes, seconds, [&] {
      optimizer.zero_grad();
      parallel.backward(batch, loss_of);
      optimizer.step();
    });
  }
  if (processes.first())
    std::printf("%s %lld %.4f\n", workload.c_str(), static_cast<long long>(shards), 1e3 * time);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc != 4) throw std::invalid_argument("usage: training NET-BATCH SHARDS SECONDS");
    set_num_threads(1);
    run(argv[1], std::stoll(argv[2]), std::stod(argv[3]));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "training: %s\n", error.what());
    return 1;
  }
}
