// A training step in which the n-th large allocation and all behind it fail, for n = 1, 2, ...
// until the step succeeds: an Error each time, the parameters as they were, and the same step works
// afterwards, to the bit. Prints how many there were; exits 1 where one of these does not hold.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <plumb/plumb.hpp>
#include <string>

#include "../support/bits.hpp"

using namespace plumb;

namespace {

constexpr std::size_t large = 4096;
std::atomic<long> allowed{-1};  // large allocations until they fail; below 0: any number

bool refused(std::size_t bytes) {
  return bytes >= large && allowed.load() >= 0 && allowed.fetch_sub(1) <= 0;
}

}  // namespace

// The pool's only way to memory.
extern "C" void* aligned_alloc(std::size_t alignment, std::size_t bytes) noexcept {
  void* block = nullptr;
  if (refused(bytes)) {
    allowed = 0;
    return nullptr;
  }
  return ::posix_memalign(&block, alignment, bytes) == 0 ? block : nullptr;
}

namespace {

struct Training {
  Training() {
    generator.fill_normal(x);
    for (std::int64_t i = 0; i < 32; ++i) y.mutable_data<std::int64_t>()[i] = i % 10;
    checkpoint.add("model", model);
    checkpoint.add("optimizer", optimizer);
  }

  void step() {
    optimizer.zero_grad();
    nn::cross_entropy(model(x), y).backward();
    optimizer.step();
  }

  // Without the running means, which move before a step can fail.
  std::uint64_t bits() const {
    std::uint64_t parameters = 0;
    for (const Parameter& p : model.parameters()) parameters = hash(p.variable.value(), parameters);
    return test::bits(optimizer.state_dict(), parameters);
  }

  Generator generator{1};
  nn::Sequential model{nn::Conv2d(1, 8, 3, generator, {1, 1}),
                       nn::BatchNorm2d(8),
                       nn::ReLU(),
                       nn::MaxPool2d(2),
                       nn::Flatten(),
                       nn::Dropout(0.5, generator.fork()),
                       nn::Linear(8 * 8 * 8, 64, generator),
                       nn::Tanh(),
                       nn::Linear(64, 10, generator)};
  optim::SGD optimizer{model.parameters(), optim::SGD::debiased(0.1, 0.9)};
  Tensor x = Tensor::empty({32, 1, 16, 16}), y = Tensor::empty({32}, DType::int64);
  Checkpoint checkpoint;
};

int complain(long n, const char* what) {
  std::printf("allocation %ld: %s\n", n, what);
  return 1;
}

int run() {
  Training training;
  const StateDict start = training.checkpoint.state_dict().clone();
  const std::uint64_t before = training.bits();
  training.step();
  const std::uint64_t after = training.bits();

  for (long n = 1;; ++n) {
    training.checkpoint.load_state_dict(start);
    training.optimizer.zero_grad();
    std::string message;
    allowed = n - 1;
    try {
      training.step();
    } catch (const Error& error) {
      message = error.what();
    }
    allowed = -1;
    if (message.empty()) {
      if (training.bits() != after) return complain(n, "the step without a failure is another");
      std::printf("%ld allocations failed\n", n - 1);
      return n > 20 ? 0 : complain(n, "too few to be all");
    }
    if (message.find("[allocate] cannot allocate ") == std::string::npos)
      return complain(n, message.c_str());
    if (training.bits() != before) return complain(n, "the failed step changed a parameter");
    training.checkpoint.load_state_dict(start);  // running means move before a step can fail
    training.step();
    if (training.bits() != after) return complain(n, "the step afterwards is another");
  }
}

}  // namespace

int main() {
  memory_pool::set_limit(0);  // every block from the system, every time
  for (const int threads : {1, 2}) {
    set_num_threads(threads);
    if (const int code = run(); code != 0) return code;
  }
}
