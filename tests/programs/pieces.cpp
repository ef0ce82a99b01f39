// How many times faster 16 threads could take a training step of a net, by the pieces of its loops: pieces NET BATCH.
// It runs on one thread, with loops cut as for 16, and sees each of them since it is linked in place of run_chunks.
#include <time.h>

#include <cstdint>
#include <cstdio>
#include <exception>
#include <plumb/examples/support/digit_nets.hpp>
#include <plumb/plumb.hpp>
#include <stdexcept>
#include <string>
#include <vector>

using namespace plumb;

namespace {

constexpr int threads = 16;

double seconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

struct Loop {
  std::int64_t pieces;
  double time;
};
std::vector<Loop> loops;
bool inside = false;

nn::Sequential net(const std::string& name, Generator& generator) {
  if (name == "mlp") return digit_nets::mlp(generator);
  if (name == "lstm") return digit_nets::lstm(generator);
  if (name == "lenet") return digit_nets::lenet(generator);
  if (name == "cnn") return digit_nets::cnn(generator);
  if (name == "cnnbn") return digit_nets::cnn_bn(generator);
  throw std::invalid_argument("no net " + name);
}

void run(const std::string& name, std::int64_t batch) {
  Generator generator(/*seed=*/1);
  nn::Sequential model = net(name, generator);
  const bool rows = name == "mlp" || name == "lstm";
  Tensor x = Tensor::empty(rows ? Shape{batch, 784} : Shape{batch, 1, 28, 28});
  generator.fill_uniform(x, 0, 1);
  const Tensor y = Tensor::zeros({batch}, DType::int64);
  optim::SGD optimizer(model.parameters(), optim::SGD::heavy_ball(/*lr=*/0.01, /*momentum=*/0.9));
  const auto step = [&] {
    const Variable loss = nn::cross_entropy(model(x), y);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
  };
  set_num_threads(threads);
  step();  // what is allocated once
  step();
  loops.clear();
  const double begin = seconds();
  step();
  const double all = seconds() - begin;
  double shortest = all;
  for (const Loop& loop : loops) {
    const std::int64_t turns = (loop.pieces + threads - 1) / threads;
    const double most = static_cast<double>(loop.pieces) / static_cast<double>(turns);
    shortest -= loop.time * (1 - 1 / most);
    if (loop.pieces < threads && loop.time > all / 50)
      std::printf("few: %lld pieces, %.1f %% of the step\n", static_cast<long long>(loop.pieces),
                  100 * loop.time / all);
  }
  std::printf("%s-%lld: at most %.1f times\n", name.c_str(), static_cast<long long>(batch),
              all / shortest);
}

}  // namespace

// The names that g++ and clang++ give to plumb::detail::run_chunks, with what the linker's --wrap puts before them.
extern "C" void __wrap__ZN5plumb6detail10run_chunksElPFvPvlES1_(  // NOLINT: the linker's name
    std::int64_t chunks, plumb::detail::ChunkFunction function, void* context) {
  const bool outermost = !inside;
  inside = true;
  const double begin = outermost ? seconds() : 0;
  for (std::int64_t chunk = 0; chunk < chunks; ++chunk) function(context, chunk);
  if (!outermost) return;
  inside = false;
  loops.push_back({chunks, seconds() - begin});
}

int main(int argc, char** argv) {
  try {
    if (argc != 3) throw std::invalid_argument("usage: pieces NET BATCH");
    run(argv[1], std::stoll(argv[2]));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "pieces: %s\n", error.what());
    return 1;
  }
}
