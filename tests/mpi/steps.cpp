// Steps of a small model on several ranks, and what can go wrong between them: steps WHAT [SHARDS [FILE]]. WHAT may be
// two words, as in sparse-saves.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <plumb/distributed.hpp>
#include <plumb/plumb.hpp>
#include <string>
#include <thread>

using namespace plumb;

namespace {

// Dropout, batch norm, and a parameter that takes no part.
struct Model : nn::Layer {
  Model(std::uint64_t seed, std::int64_t width) {
    Generator generator(seed), noise(seed, plumb::Stream::dropout);
    body = &add("body",
                nn::Sequential{nn::Linear(4, width, generator), nn::BatchNorm1d(width), nn::ReLU(),
                               nn::Dropout(0.3, noise.fork()), nn::Linear(width, 3, generator)});
    add_parameter("idle", Tensor::ones({2}));
  }
  Variable forward(const Variable& x) override { return (*body)(x); }
  nn::Sequential* body = nullptr;
};

data::Batch batch_of(std::int64_t n, std::uint64_t seed) {
  data::Batch batch = {Tensor::empty({n, 4}), Tensor::empty({n}, DType::int64)};
  Generator(seed, Stream::data).fill_normal(batch.x);
  for (std::int64_t i = 0; i < n; ++i) batch.y.mutable_data<std::int64_t>()[i] = i % 3;
  return batch;
}

// The first batch of a loader.
data::Batch shuffled(const data::Batch& batch, std::uint64_t seed) {
  data::LoaderOptions options;
  options.shuffle = true;
  options.seed = seed;
  data::DataLoader loader(std::make_shared<data::TensorDataset>(batch.x, batch.y), options);
  return *loader.begin();
}

int run(const std::string& what, std::int64_t shards, const std::string& path) {
  const auto is = [&](const char* word) { return what.find(word) != std::string::npos; };
  distributed::Processes processes({is("stalls") ? 1.5 : 30});
  // Each rank's own until rank 0's is there.
  Model model(static_cast<std::uint64_t>(processes.rank()), is("wide") ? 30'000 : 60);
  const DType type = is("double") ? DType::float64 : DType::float32;
  model.to(type);
  optim::SGD optimizer(model.parameters(), optim::SGD::heavy_ball(0.05, 0.9));
  if (what == "half" && processes.first()) {  // as if it had loaded a checkpoint alone
    const data::Batch batch = batch_of(32, 9);
    nn::cross_entropy(model(batch.x), batch.y).backward();
    optimizer.step();
  }
  distributed::DataParallelOptions options;
  options.shards = shards;
  options.check_every = 2;
  if (is("sparse")) options.accumulate_below = 0.05;
  if (what == "half") options.check_every = 100;
  distributed::DataParallel parallel(processes, model, options);

  std::int64_t done = 0;
  Checkpoint checkpoint;
  checkpoint.add("model", model);
  checkpoint.add("optimizer", optimizer);
  checkpoint.add("parallel", parallel);
  checkpoint.track("done", done);
  checkpoint.require("shards", parallel.shards());
  if (is("resumes")) {
    // clang-format off
    if (processes.first()) checkpoint.load(path);
    const StateDict state = processes.broadcast(checkpoint.state_dict());
    if (!processes.first()) checkpoint.load_state_dict(state);
    // clang-format on
  }

  double loss = 0;
  for (int step = static_cast<int>(done) + 1; step <= 6; ++step) {
    const bool mine = processes.rank() == 1 && step == 4;
    if (mine && is("throws")) throw Error("no more data");
    if (mine && is("stalls")) std::this_thread::sleep_for(std::chrono::seconds(600));
    if (mine && is("dies")) std::abort();
    if (mine && what == "ends") return 0;
    if (processes.first() && step == 4 && what == "first-ends") return 0;
    if (processes.first() && step == 4 && what == "broadcasts") processes.broadcast({});
    if (mine && is("differs")) {
      Tensor weight = model.parameters()[1].variable.value();
      weight.mutable_data<float>()[2] += 1e-3F;
    }
    const std::int64_t samples = mine && what == "short" ? 24 : step % 3 == 0 ? 21 : 32;
    data::Batch batch = batch_of(samples, static_cast<std::uint64_t>(step));
    if (what == "seed") batch = shuffled(batch, mine ? 1 : 0);
    optimizer.zero_grad();
    const auto loss_of = [&](const data::Batch& part) {
      return nn::cross_entropy(model(part.x.to(type)), part.y);
    };
    try {
      loss = parallel.backward(batch, loss_of);
    } catch (const Error& error) {
      if (!is("stalls")) throw;
      std::fprintf(stderr, "steps: %s\n", error.what());
      loss = parallel.backward(batch, loss_of);  // which is refused
    }
    optimizer.step();
    done = step;
    if (is("saves") && step == 3) {
      // clang-format off
      parallel.gather_state();
      if (processes.first()) checkpoint.save(path);
      // clang-format on
      return 0;
    }
  }
  if (!processes.first()) return 0;
  std::uint64_t hash_of_all = 0;
  for (const auto& [name, tensor] : model.state_dict().tensors())
    hash_of_all = hash(tensor, hash_of_all);
  std::printf("ranks %d\nstate %016llx\nloss %.17g\nstream %llu\nsent %lld\n", processes.size(),
              static_cast<unsigned long long>(hash_of_all), loss,
              static_cast<unsigned long long>(model.generators()[0].generator->position()),
              static_cast<long long>(processes.bytes_sent()));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc > 1 ? argv[1] : "", argc > 2 ? std::atoll(argv[2]) : 8,
               argc > 3 ? argv[3] : "");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "steps: %s\n", error.what());
    return 1;
  }
}
