// The program of docs/checkpoints.md.
#include <doctest/doctest.h>

#include <plumb/plumb.hpp>

#include "../support/document.hpp"
#include "../support/temporary_folder.hpp"

using namespace plumb;

namespace {

void train_step(nn::Layer& model, optim::Optimizer& optimizer, const data::Batch& batch) {
  const Variable loss = nn::cross_entropy(model(batch.x), batch.y);
  optimizer.zero_grad();
  loss.backward();
  optimizer.step();
}

// Trains to `epochs` with the checkpoints in `path`; returns the steps done in all.
std::int64_t run(const std::string& path, std::int64_t epochs) {
  const double lr = 0.1;
  Generator generator(1);
  nn::Sequential model{nn::Linear(784, 10, generator)};
  optim::SGD optimizer(model.parameters(), optim::SGD::debiased(lr, 0.9));
  data::DataLoader loader(std::make_shared<data::SyntheticDigits>(100));
  std::int64_t step = 0;

  Checkpoint checkpoint;
  checkpoint.add("model", model);
  checkpoint.add("optimizer", optimizer);
  checkpoint.add("loader", loader);
  checkpoint.track("step", step);
  checkpoint.require("lr", lr);

  const CheckpointFolder folder(path);
  folder.load_newest(checkpoint);
  const StopRequest stop;
  while (loader.epoch() < epochs && !stop.requested()) {
    for (const data::Batch& batch : loader) {
      train_step(model, optimizer, batch);
      ++step;
      if (stop.requested()) break;
    }
    folder.save(checkpoint, step);
  }
  return step;
}

}  // namespace

TEST_CASE("docs/checkpoints.md: the program goes on where it ended") {
  const test::TemporaryFolder whole, parts;
  CHECK(run(whole.path(), 3) == 6);
  CHECK(run(parts.path(), 1) == 2);
  CHECK(run(parts.path(), 3) == 6);
  const std::string last = "/step-000000000006.safetensors";
  CHECK(test::read_file(parts.path() + last) == test::read_file(whole.path() + last));
}

TEST_CASE("docs/checkpoints.md: its code is that of this file") {
  CHECK(test::code_missing_from("docs/checkpoints.md", {__FILE__}) == "");
}
