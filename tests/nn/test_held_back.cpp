#include <doctest/doctest.h>

#include <cmath>
#include <iterator>
#include <plumb/optim.hpp>

#include "../support/bits.hpp"
#include "../support/errors.hpp"
#include "sharded_steps.hpp"

namespace plumb::test {
namespace {

constexpr std::int64_t samples_of_steps[] = {32, 19, 32, 17, 32, 32};
constexpr std::size_t steps = std::size(samples_of_steps);

// All that a run has, but for what its shards hold back.
struct HoldingRun {
  HoldingRun() {
    checkpoint.add("model", model);
    checkpoint.add("optimizer", optimizer);
  }
  void step(nn::ShardedGradient& sharded, std::size_t at) {
    sharded_step(model, sharded, shard_batch(samples_of_steps[at], DType::float32));
    optimizer.step();
  }
  std::uint64_t now() const { return bits(model.state_dict(), gradient_bits(model)); }

  ShardedModel model{DType::float32};
  optim::SGD optimizer{model.parameters(), optim::SGD::heavy_ball(0.1, 0.9)};
  Checkpoint checkpoint;
};

constexpr double below = 0.1;

// A run in this process, with a checkpoint behind each step.
struct WholeRun {
  WholeRun() {
    HoldingRun run;
    nn::ShardedGradient sharded(run.model, 8);
    sharded.accumulate_below(below);
    run.checkpoint.add("sharded", sharded);
    for (std::size_t at = 0; at < steps; ++at) {
      run.step(sharded, at);
      saved.push_back(run.checkpoint.state_dict().clone());
    }
    end = run.now();
  }
  std::vector<StateDict> saved;
  std::uint64_t end = 0;
};

// Where a run ends that goes on from there, with what was held back or without.
std::uint64_t end_from(const StateDict& saved, std::size_t at, bool with_held_back) {
  HoldingRun run;
  nn::ShardedGradient sharded(run.model, 8);
  sharded.accumulate_below(below);
  run.checkpoint.add("sharded", sharded);
  run.checkpoint.load_state_dict(saved);
  if (!with_held_back) sharded.accumulate_below(below);
  for (; at < steps; ++at) run.step(sharded, at);
  return run.now();
}

}  // namespace

TEST_CASE("HeldBack: every shard holds back by itself, and nothing of a step that throws") {
  Generator generator(1);
  nn::Linear model(4, 3, generator);
  model.to(DType::float64);
  const Variable weight = model.parameters()[0].variable;
  const double threshold = 0.05;
  nn::ShardedGradient sharded(model, 2);
  sharded.accumulate_below(threshold);
  std::vector<std::vector<double>> held(2, std::vector<double>(12));
  int released = 0;
  for (const std::int64_t samples : {8, 7, 8, 1, 8, 8}) {
    const data::Batch batch = shard_batch(samples);
    std::vector<double> sum(12);
    for (const std::int64_t shard : {0, 1}) {
      const ShardRange range = even_part(samples, 2, shard);
      if (range.empty()) continue;
      const auto n = static_cast<double>(range.size());
      model.zero_grad();
      const data::Batch part = batch.part(range.begin, range.end);
      nn::cross_entropy(model(part.x), part.y).backward(Tensor::full({}, n, DType::float64));
      const std::vector<double> given = weight.grad().to_vector<double>();
      for (std::size_t i = 0; i < 12; ++i) {
        double& residual = held[static_cast<std::size_t>(shard)][i];
        const double g = given[i], r = residual + g;
        const bool releases = std::abs(g) >= threshold * n || std::abs(r) >= threshold * n;
        released += releases ? 1 : 0;
        sum[i] += releases ? r : 0;
        residual = releases ? 0 : r;
      }
    }
    int calls = 0;
    CHECK(error_of([&] {
            sharded.backward(batch, [&](const data::Batch& part) -> Variable {
              if (++calls == std::min<std::int64_t>(samples, 2)) throw Error("no");
              return nn::cross_entropy(model(part.x), part.y);
            });
          }) == "no");
    sharded.backward(
        batch, [&](const data::Batch& part) { return nn::cross_entropy(model(part.x), part.y); });
    for (double& x : sum) x /= static_cast<double>(samples);
    CHECK(weight.grad().to_vector<double>() == sum);
  }
  CHECK(released > 20);
  CHECK(released < 130);  // of 132
  CHECK(error_of([&] { sharded.accumulate_below(-1); }) ==
        "[ShardedGradient] accumulate_below must be in [0, inf), got -1");
}

TEST_CASE("HeldBack: a run that was stopped after any step goes on bit for bit") {
  const WholeRun whole;
  for (std::size_t done = 1; done < steps; ++done) {
    CHECK(end_from(whole.saved[done - 1], done, true) == whole.end);
    CHECK(end_from(whole.saved[done - 1], done, false) != whole.end);
  }
  const StateDict kept = whole.saved[0].part("sharded");
  CHECK(kept.scalar<std::int64_t>("shards") == 8);
  CHECK(kept.tensors().size() == 6);  // not the idle one
  CHECK(kept.tensor("residual.body.0.weight").shape() == Shape{8, 24});
}

TEST_CASE("HeldBack: what two ranks hold back, three go on with, in threads") {
  const WholeRun whole;
  ThreadRank::Company two(2), three(3);
  std::vector<StateDict> saved(2);
  on_threads(2, [&](std::size_t rank) {
    HoldingRun run;
    ThreadRank sharded(run.model, 8, rank, two);
    sharded.accumulate_below(below);
    run.checkpoint.add("sharded", sharded);
    for (std::size_t at = 0; at < 3; ++at) {
      run.step(sharded, at);
      CHECK(error_of([&] { run.checkpoint.state_dict(); }) ==
            "[ShardedGradient] what other processes hold back is not here: gather_state() comes "
            "before state_dict()");
      sharded.gather_state();
    }
    saved[rank] = run.checkpoint.state_dict().clone();
  });
  for (const StateDict& one : saved) CHECK(bits(one) == bits(whole.saved[2]));
  std::vector<std::uint64_t> ends(3);
  on_threads(3, [&](std::size_t rank) {
    HoldingRun run;
    ThreadRank sharded(run.model, 8, rank, three);
    sharded.accumulate_below(below);
    run.checkpoint.add("sharded", sharded);
    run.checkpoint.load_state_dict(saved[0]);
    CHECK(bits(run.checkpoint.state_dict()) == bits(saved[0]));
    for (std::size_t at = 3; at < steps; ++at) run.step(sharded, at);
    ends[rank] = run.now();
  });
  for (const std::uint64_t end : ends) CHECK(end == whole.end);
}

TEST_CASE("HeldBack: a state that does not fit is refused, and nothing has changed") {
  ShardedModel model;
  nn::ShardedGradient sharded(model, 2), without(model, 2);
  sharded.accumulate_below(1);
  sharded_step(model, sharded, shard_batch(8));
  const StateDict state = sharded.state_dict();
  const auto refusal = [&](const StateDict& other) {
    const std::string words = error_of([&] { sharded.load_state_dict(other); });
    CHECK(bits(sharded.state_dict()) == bits(state));
    return words;
  };
  StateDict other = state;
  other.set("shards", 3);
  CHECK(refusal(other) == "[ShardedGradient] the state is of 3 shards, expected 2");
  CHECK(refusal({}) == "[StateDict] no scalar named 'shards'");
  other = state;
  other.set("residual.idle", Tensor::ones({2, 3}, DType::float64));
  other.set("residual.body.0.bias", Tensor::ones({2, 6}));
  other.set("residual.other", Tensor::ones({2, 1}));
  other.set("age", 1);
  CHECK(refusal(other) ==
        "[ShardedGradient] the state does not fit the model:"
        "\n  residual.idle: expected [2, 2] of float64, got [2, 3] of float64"
        "\n  residual.body.0.bias: expected [2, 6] of float64, got [2, 6] of float32"
        "\n  unexpected: residual.other\n  unexpected: age");
  CHECK(without.state_dict().empty());
  without.load_state_dict({});
  CHECK(error_of([&] { without.load_state_dict(state); }) ==
        "[ShardedGradient] the state is of a run that holds back, but accumulate_below is 0 here");
}

}  // namespace plumb::test
