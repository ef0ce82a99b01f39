// fork RUNS: children of fork() that train on, with 1, 2, 4 and 8 threads, RUNS of each kind. A
// child's losses must have the bits of the parent's. Exits 1 where they have not, where a child ends
// otherwise, and where one hangs: a signal ends it after a minute.
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <plumb/plumb.hpp>
#include <thread>

using namespace plumb;

namespace {

constexpr int steps = 4;
using Losses = std::array<float, steps>;

// One step has loops of every kind: products by plumb and by OpenBLAS (10 columns of many rows),
// a convolution, elementwise ones, random numbers, an optimizer's.
struct Training {
  Training() { generator.fill_normal(x); }

  float step(const Tensor& y) {
    const Variable loss = nn::cross_entropy(model(x), y);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    return loss.value().item<float>();
  }
  Losses go_on() {
    Losses losses;
    for (float& loss : losses) loss = step(Tensor::zeros({x.dim(0)}, DType::int64));
    return losses;
  }

  Generator generator{1};
  nn::Sequential model{nn::Conv2d(1, 8, 3, generator, {1, 1}),
                       nn::ReLU(),
                       nn::Flatten(),
                       nn::Dropout(0.1, generator.fork()),
                       nn::Linear(8 * 16 * 16, 48, generator),
                       nn::ReLU(),
                       nn::Linear(48, 10, generator)};
  optim::SGD optimizer{model.parameters(), optim::SGD::debiased(0.1, 0.9)};
  Tensor x = Tensor::empty({128, 1, 16, 16});
};

// A thread that is always inside a loop, or waits for one: its own, of OpenBLAS and of allocations.
class Busy {
 public:
  Busy() : thread_([this] { work(); }) {
    while (rounds_ < 3) std::this_thread::yield();
  }
  ~Busy() {
    stop_ = true;
    thread_.join();
  }

 private:
  void work() {
    const Tensor a = Tensor::ones({12000, 32});
    const Tensor b = Tensor::ones({32, 10});
    for (; !stop_; ++rounds_) {
      const Variable product = matmul(a, b);
      const Variable more = product + product;
    }
  }

  std::atomic<bool> stop_{false};
  std::atomic<int> rounds_{0};
  std::thread thread_;
};

// Runs `train` in a child, which sends its losses, and then here. Whether both are the same.
template <class Train>
bool same_in_child(Train train) {
  int ends[2];
  if (::pipe(ends) != 0) return false;
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(60);
    const Losses losses = train();
    const bool sent = ::write(ends[1], &losses, sizeof losses) == sizeof losses;
    std::_Exit(sent ? 0 : 1);
  }
  ::close(ends[1]);
  const Losses own = train();
  Losses its;
  const bool received = ::read(ends[0], &its, sizeof its) == sizeof its;
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) std::fprintf(stderr, "the child ended by signal %d\n", WTERMSIG(status));
  return received && status == 0 && std::memcmp(&own, &its, sizeof own) == 0;
}

// After some steps.
bool quiet() {
  Training training;
  training.go_on();
  return same_in_child([&] { return training.go_on(); });
}

// While another thread is inside a loop, is timed and allocates.
bool busy() {
  const Profile profile;
  Training training;
  training.go_on();
  const Busy other;
  return same_in_child([&] { return training.go_on(); });
}

// A child of a child.
bool twice() {
  Training training;
  training.go_on();
  return same_in_child([&] {
    Losses last;
    if (!same_in_child([&] { return last = training.go_on(); })) last.fill(-1);
    return last;
  });
}

// In the middle of an epoch whose batches threads make ahead.
bool loading() {
  Training training;
  data::LoaderOptions options;
  options.batch_size = training.x.dim(0);
  options.shuffle = true;
  options.threads = 2;
  auto samples = std::make_shared<data::SyntheticDigits>(2 * steps * options.batch_size);
  data::DataLoader loader(samples, options);
  auto at = loader.begin();
  for (int step = 0; step < steps - 1; ++step) {
    training.step(at->y);
    ++at;
  }
  return same_in_child([&] {
    Losses losses;
    for (float& loss : losses) {
      loss = training.step(at->y);
      ++at;
    }
    for (const data::Batch& batch : loader) losses[0] += training.step(batch.y);
    return losses;
  });
}

// Within a piece of a loop. The pieces that other threads had in hand are lost to the child: its
// loop may say so, and ends.
bool inside() {
  Training training;
  training.go_on();
  const auto caller = std::this_thread::get_id();
  pid_t child = -1;
  try {
    parallel_for(64, 1, [&](std::int64_t, std::int64_t) {
      if (std::this_thread::get_id() == caller && child < 0 && (child = ::fork()) == 0) ::alarm(60);
      for (volatile int i = 0; i < 100'000; i = i + 1) {
      }
    });
  } catch (const Error& error) {
    if (child != 0 || std::string(error.what()).find("[parallel_for]") != 0) std::_Exit(1);
  }
  if (child == 0) {
    training.go_on();
    std::_Exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status == 0;
}

}  // namespace

int main(int argc, char** argv) {
  const int runs = argc > 1 ? std::atoi(argv[1]) : 0;
  if (runs < 1) {
    std::fprintf(stderr, "usage: fork RUNS\n");
    return 2;
  }
  constexpr struct {
    const char* name;
    bool (*run)();
  } kinds[] = {
      {"quiet", quiet}, {"busy", busy}, {"twice", twice}, {"loading", loading}, {"inside", inside}};
  int wrong = 0;
  for (const int threads : {1, 2, 4, 8}) {
    set_num_threads(threads);
    for (const auto& kind : kinds)
      for (int run = 0; run < runs; ++run) {
        if (kind.run()) continue;
        ++wrong;
        std::fprintf(stderr, "%s, %d threads, run %d\n", kind.name, threads, run);
      }
  }
  std::printf("%d children, %d wrong\n", runs * 4 * static_cast<int>(std::size(kinds)), wrong);
  return wrong == 0 ? 0 : 1;
}
