// Times DataParallel's exchange: exchange SECONDS PARAMETERS..., under mpirun. A line for each number of
// parameters: that, the bytes that a rank sends in a step, the fewest that are possible, and the median time.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <plumb/distributed.hpp>
#include <plumb/plumb.hpp>
#include <vector>

using namespace plumb;

namespace {

struct Numbers : nn::Module {
  explicit Numbers(std::int64_t n) : all(add_parameter("all", Tensor::zeros({n}))) {}
  Variable all;
};

void measure(distributed::Processes& processes, std::int64_t parameters, double seconds) {
  Numbers model(parameters);
  distributed::DataParallelOptions options;
  options.shards = processes.size();
  options.check_every = 0;
  distributed::DataParallel parallel(processes, model, options);
  const data::Batch batch = {Tensor::ones({processes.size(), 1})};
  const auto step = [&] {
    const auto begin = std::chrono::steady_clock::now();
    parallel.backward(batch, [&](const data::Batch&) { return sum(model.all); });
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };

  // TCP's windows open.
  double first = 0;
  for (int i = 0; i < 12; ++i) {
    const double time = step();
    if (i >= 6) first += time / 6;
  }
  StateDict said;
  said.set("steps", static_cast<std::int64_t>(std::clamp(seconds / first, 10.0, 10'000.0)));
  const auto steps = processes.broadcast(said).scalar<std::int64_t>("steps");
  const std::int64_t before = processes.bytes_sent();
  std::vector<double> times;
  for (std::int64_t i = 0; i < steps; ++i) times.push_back(step());
  const std::int64_t sent = (processes.bytes_sent() - before) / steps;
  std::sort(times.begin(), times.end());
  const double least =
      2.0 * (processes.size() - 1) / processes.size() * 4 * static_cast<double>(parameters);
  if (processes.first())
    std::printf("%lld %lld %.0f %.9f\n", static_cast<long long>(parameters),
                static_cast<long long>(sent), least, times[times.size() / 2]);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    set_num_threads(1);
    distributed::Processes processes;
    const double seconds = argc > 1 ? std::atof(argv[1]) : 0.5;
    for (int i = 2; i < argc; ++i) measure(processes, std::atoll(argv[i]), seconds);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "exchange: %s\n", error.what());
    return 1;
  }
}
