#include <doctest/doctest.h>

#include "../support/errors.hpp"
#include "../support/sweep.hpp"
#include "../support/temporary_folder.hpp"
#include "run.hpp"

using namespace plumb;

namespace {

// Everything that a run has, as the bytes of its file.
std::string bits(const Checkpoint& checkpoint) {
  const test::TemporaryFolder folder;
  checkpoint.save(folder.path() + "/x");
  return test::read_file(folder.path() + "/x");
}

}  // namespace

TEST_CASE("Checkpoint: every truncation and 2000 flipped bits are refused, the run untouched") {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/run";
  {
    test::Run saved(0);
    saved.train(7);
    saved.checkpoint.save(path);
  }
  const std::string whole = test::read_file(path);

  test::Run run(0);
  run.train(3);
  const std::string before = bits(run.checkpoint);
  std::size_t loaded = 0;
  const auto refuse = [&](const std::string& bytes) {
    const std::string damaged = folder.write("damaged", bytes);
    const std::string message = test::error_of([&] { run.checkpoint.load(damaged); });
    loaded += message.rfind("[load_safetensors] " + damaged + ": ", 0) != 0;
  };
  const std::size_t step = test::sweep() == test::Sweep::brief ? 7 : 1;
  for (std::size_t length = 0; length < whole.size(); length += step) refuse(whole.substr(0, length));
  Generator random(8);
  for (int i = test::repetitions(2000); i > 0; --i) {
    const auto bit =
        static_cast<std::size_t>(random.below(8 * static_cast<std::int64_t>(whole.size())));
    std::string flipped = whole;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    refuse(flipped);
  }
  CHECK(loaded == 0);
  CHECK((bits(run.checkpoint) == before));
  run.checkpoint.load(path);
  CHECK((bits(run.checkpoint) == whole));
}

TEST_CASE("Checkpoint: a model that does not fit leaves optimizer, loader and counters alone") {
  test::Run run(0), other(0);
  run.train(4);
  StateDict state = run.checkpoint.state_dict().clone();
  state.set("model.5.weight", Tensor::zeros({3, 71}));
  state.set("optimizer.group.0.momentum", 1.5);  // so the schedule loads, the optimizer does not
  other.train(2);
  const std::string before = bits(other.checkpoint);
  const std::string message = test::error_of([&] { other.checkpoint.load_state_dict(state); });
  CHECK(test::contains(message, "shape of 5.weight: expected [3, 72], got [3, 71]"));
  CHECK(test::contains(message, "momentum must be in [0, 1), got 1.5"));
  CHECK((bits(other.checkpoint) == before));
  CHECK(other.step == 2);
}
