#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <plumb/examples/studies/comparison/campaign.hpp>

#include "../../../support/errors.hpp"
#include "../../../support/temporary_folder.hpp"
#include "small_task.hpp"

namespace plumb::test {
namespace {

using namespace comparison;

Training few_steps(std::int64_t steps) {
  Training training;
  training.steps = steps;
  training.evaluations = 4;
  return training;
}

RunResult run(const Task& task, const char* optimizer, double lr, std::uint64_t seed,
              Stage stage = Stage::evaluation) {
  return train(task, OptimizerSpec::parse(optimizer), {stage, 0, {lr}, seed}, few_steps(40),
               always);
}

}  // namespace

TEST_CASE("run: a seed begins alike for every optimizer, and decides every bit") {
  const Task task = small_task("two-moons");
  const RunResult first = run(task, "sgd", 0.1, 3);
  CHECK(run(task, "sgd", 0.1, 3).parameter_hash == first.parameter_hash);
  CHECK(run(task, "adam", 0.01, 3).first_loss == first.first_loss);
  CHECK(run(task, "sgd", 0.1, 4).first_loss != first.first_loss);
  CHECK(first.last().loss < first.points.front().validation.loss);
}

TEST_CASE("run: evaluating changes nothing") {
  const Task task = small_task("spiral");
  const RunResult tuning = run(task, "adam", 0.01, 1, Stage::tuning);
  const RunResult evaluation = run(task, "adam", 0.01, 1);
  CHECK(tuning.parameter_hash == evaluation.parameter_hash);
  CHECK(tuning.points.size() == 2);
  REQUIRE(evaluation.points.size() == 5);
  CHECK(evaluation.points[1].step == 10);
  CHECK(evaluation.points[4].step == 40);
  CHECK(tuning.last().loss == evaluation.last().loss);
}

TEST_CASE("run: averaged weights are judged with statistics of their own, which changes nothing") {
  Task task = small_task("spiral");
  task.make_model = [](Generator& random) {
    return std::make_shared<nn::Sequential>(nn::Linear(2, 16, random), nn::BatchNorm1d(16),
                                            nn::ReLU(), nn::Dropout(0.1, random.fork()),
                                            nn::Linear(16, 3, random));
  };
  const OptimizerSpec spec = OptimizerSpec::parse("schedulefreesgd");
  const RunKey key{Stage::evaluation, 0, {1}, 2};
  Training often = few_steps(60), seldom = few_steps(60);
  often.evaluations = 20;
  seldom.evaluations = 1;
  const RunResult watched = train(task, spec, key, often, always);
  const RunResult alone = train(task, spec, key, seldom, always);
  CHECK(watched.parameter_hash == alone.parameter_hash);
  CHECK(watched.last().loss == alone.last().loss);
}

TEST_CASE("run: micro-batches give the same to rounding") {
  const Task task = small_task("spiral");  // 300 samples: the last batch of an epoch is short
  Training training = few_steps(15);
  const RunKey key{Stage::evaluation, 0, {0.5}, 1};
  const OptimizerSpec sgd = OptimizerSpec::parse("sgd:momentum=0.9,debias=1");
  const RunResult whole = train(task, sgd, key, training, always);
  for (const std::int64_t part : {32, 16, 1}) {
    training.micro_batch = part;
    const RunResult parts = train(task, sgd, key, training, always);
    CHECK(parts.points.back().samples == whole.points.back().samples);
    CHECK(parts.first_loss == doctest::Approx(whole.first_loss).epsilon(1e-6));
    CHECK(parts.last().loss == doctest::Approx(whole.last().loss).epsilon(1e-4));
  }
}

TEST_CASE("run: what diverges counts as the untrained model") {
  const Task task = small_task("quadratic");
  const RunResult wild = run(task, "sgd", 100, 1);
  CHECK(wild.diverged);
  CHECK(wild.last().loss == wild.points.front().validation.loss);
  CHECK(wild.test.loss == wild.points.front().validation.loss);  // its test is its validation
  CHECK(wild.reached(std::numeric_limits<double>::infinity()) == nullptr);
  const RunResult tame = run(task, "sgd", 0.5, 1);
  CHECK_FALSE(tame.diverged);
  CHECK(tame.reached(tame.best()) != nullptr);
  CHECK(tame.reached(tame.points.front().validation.metric)->step == 0);
}

TEST_CASE("run: a gradient that the rule refuses is divergence, any other error is thrown") {
  const Task task = small_task("spiral");
  Task steep = task;
  steep.loss = [&](const Variable& out, const data::Batch& batch) {
    return 1e25 * task.loss(out, batch);
  };
  const RunKey key{Stage::evaluation, 0, {0.01}, 1};
  const RunResult refused = train(steep, OptimizerSpec::parse("soap"), key, few_steps(8), always);
  CHECK(refused.diverged);
  CHECK(refused.points.size() == 1);

  // A parameter of another shape than its average, and a gradient whose square is infinite.
  class Reshaping : public Observer {
   public:
    void before_step(std::int64_t step, nn::Layer& model) override {
      Variable first = model.parameters()[0].variable;
      if (step != 2) return;
      first.set_value(Tensor::zeros({1}));
      first.set_grad(Tensor::full({1}, 1e20));
    }
    void after_step(std::int64_t, nn::Layer&) override {}
  } reshaping;
  CHECK(contains(error_of([&] {
                   train(task, OptimizerSpec::parse("sgd:momentum=0.9"), key, few_steps(8), always,
                         {}, &reshaping);
                 }),
                 "is [1] of float32, its average is [32, 2]"));
}

TEST_CASE("run: held back gradients are counted") {
  const Task task = small_task("logistic");
  CHECK(run(task, "sgd", 0.1, 1).touched == 1);
  const double touched = run(task, "sgd:accumulate_below=0.1", 0.1, 1).touched;
  CHECK(touched > 0);
  CHECK(touched < 0.9);
}

TEST_CASE("run: a result as text reads back") {
  RunResult result = run(small_task("linear"), "sgd", 0.01, 1);
  result.points[0].train_loss = std::numeric_limits<double>::quiet_NaN();
  const std::string text = to_text(result);
  CHECK(to_text(result_from(text)) == text);
  for (std::size_t length : {std::size_t{0}, std::size_t{10}, text.size() / 2, text.size() - 4})
    CHECK(contains(error_of([&] { result_from(text.substr(0, length)); }), "[result_from]"));
}

TEST_CASE("run: stopped after any step it goes on bit for bit") {
  const Task task = small_task("spiral");
  Training training = few_steps(12);
  training.warm_up = 5;
  const RunKey key{Stage::evaluation, 0, {0.1}, 1};
  const OptimizerSpec optimizer =
      OptimizerSpec::parse("sgd:momentum=0.9,debias=1,accumulate_below=0.001");
  const TemporaryFolder folder;
  for (const std::int64_t part : {0, 16}) {
    training.micro_batch = part;
    RunResult whole = train(task, optimizer, key, training, always);
    const std::string path = errors::text(folder.path(), "/", part);
    const auto stop = [] { return false; };
    int stops = 0;
    for (; stops < 100; ++stops) {
      try {
        RunResult result = train(task, optimizer, key, training, stop, path);
        for (std::size_t i = 0; i < whole.points.size(); ++i)
          whole.points[i].seconds = result.points.at(i).seconds = 0;
        CHECK(to_text(result) == to_text(whole));
        break;
      } catch (const Stopped&) {
      }
    }
    CHECK(stops == 11);
  }
}

TEST_CASE("campaign: trials are ascending, alike for every optimizer, equally far apart") {
  Plan plan;
  plan.trials = 8;
  std::vector<double> first;
  for (std::int64_t study = 0; study < 3; ++study) {
    const auto plain = trial_configurations(OptimizerSpec::parse("sgd"), plan, study);
    const auto heavy = trial_configurations(OptimizerSpec::parse("sgd:momentum=0.9"), plan, study);
    REQUIRE(plain.size() == 8);
    for (std::size_t i = 0; i < plain.size(); ++i) {
      CHECK(plain[i].lr >= 1e-3 * std::pow(10, 0.5 * static_cast<double>(i)) * 0.99);
      CHECK(plain[i].lr <= 1e-3 * std::pow(10, 0.5 * static_cast<double>(i + 1)) * 1.01);
      CHECK(heavy[i].lr == doctest::Approx(plain[i].lr / 10).epsilon(0.01));
      if (i > 0)
        CHECK(plain[i].lr / plain[i - 1].lr == doctest::Approx(std::sqrt(10)).epsilon(0.01));
    }
    for (const double other : first) CHECK(plain[0].lr != other);
    first.push_back(plain[0].lr);
  }
  const auto fixed = trial_configurations(OptimizerSpec::parse("sgd:lr=0.3"), plan, 0);
  REQUIRE(fixed.size() == 1);
  CHECK(fixed[0].lr == 0.3);
}

TEST_CASE("campaign: every study is tuned and evaluated, pairs begin alike, and it goes on") {
  const Task task = small_task("two-moons");
  Plan plan;
  plan.optimizers = {OptimizerSpec::parse("sgd:momentum=0.8..0.95"),
                     OptimizerSpec::parse("adam:lr=0.01")};
  plan.training = few_steps(20);
  plan.trials = 4;
  plan.studies = 2;
  plan.seeds = 3;
  const TemporaryFolder folder;
  const StopRequest stop;
  const Results results = run_plan(task, plan, folder.path(), stop);
  CHECK(results.runs.size() == 2 * (4 + 3) + 3);
  REQUIRE(results.outcomes[0].studies.size() == 2);
  CHECK(results.outcomes[1].studies.size() == 1);
  CHECK(results.outcomes[0].runs().size() == 6);
  for (const Study& study : results.outcomes[0].studies) {
    REQUIRE(study.trials.size() == 4);
    const auto least = std::min_element(
        study.trials.begin(), study.trials.end(), [](const Trial& a, const Trial& b) {
          return std::pair(a.metric, a.loss) < std::pair(b.metric, b.loss);
        });
    CHECK(study.configuration.lr == least->configuration.lr);
    CHECK(study.configuration.others == least->configuration.others);
    CHECK(study.gap > 1);
    for (const RunResult& run : study.runs) CHECK(run.points.size() == 5);
  }
  const Results again = run_plan(task, plan, folder.path(), stop);
  for (std::size_t i = 0; i < results.runs.size(); ++i)
    CHECK(to_text(again.runs[i].result) == to_text(results.runs[i].result));
}

TEST_CASE("campaign: what a rule keeps, in bytes") {
  const Task task = small_task("two-moons");  // 2-32-32-2: 96 + 1056 + 66 parameters
  const auto bytes = [&](const char* text) {
    return state_bytes(task, OptimizerSpec::parse(text), {0.1});
  };
  constexpr std::int64_t all = 4 * (96 + 1056 + 66);
  CHECK(bytes("sgd") == 0);
  CHECK(bytes("sgd:momentum=0.9") == all);
  CHECK(bytes("adam") == 2 * all);
  CHECK(bytes("adam:amsgrad=1") == 3 * all);
  CHECK(bytes("ademamix") == 3 * all);
  CHECK(bytes("muon") == 2 * all - 4 * (64 + 1024));  // one average of the hidden matrices
  // Two moments, and two squares of each side: 32 and 2, 32 and 32, 2 and 32.
  CHECK(bytes("soap") == 2 * all + 2 * 4 * (4 * 1024 + 2 * 4));
  CHECK(bytes("soap:max_precond_dim=0") == 2 * all);
}

TEST_CASE("run: the course of the learning rate is a part of the configuration") {
  const Task task = small_task("spiral");
  const RunKey key{Stage::evaluation, 0, {0.1}, 1};
  const auto hash = [&](const char* text) {
    return train(task, OptimizerSpec::parse(text), key, few_steps(20), always).parameter_hash;
  };
  CHECK(hash("sgd:schedule=constant,warm_up=0") == hash("sgd"));
  CHECK(hash("sgd:schedule=cosine") != hash("sgd"));
  CHECK(hash("sgd:warm_up=0.25") != hash("sgd"));
  Training five = few_steps(20);
  five.warm_up = 5;
  CHECK(train(task, OptimizerSpec::parse("sgd"), key, five, always).parameter_hash ==
        hash("sgd:warm_up=0.25"));
}

TEST_CASE("task: parts are the same every time and share nothing") {
  const Task task = small_task("spiral"), again = small_task("spiral");
  CHECK(data_hash(task) == data_hash(again));
  CHECK(data_hash(task) != data_hash(small_task("two-moons")));
  const data::Batch train = task.train->gather({0}), test = task.test->gather({0});
  CHECK(train.x.at({0, 0}) != test.x.at({0, 0}));
}

}  // namespace plumb::test
