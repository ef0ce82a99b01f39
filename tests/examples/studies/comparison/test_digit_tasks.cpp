#include <doctest/doctest.h>

#include <cmath>
#include <plumb/examples/studies/comparison/run.hpp>
#include <plumb/examples/studies/comparison/vae.hpp>
#include <plumb/plumb.hpp>

#include "../../../support/temporary_folder.hpp"
#include "small_task.hpp"

namespace plumb::test {
namespace {

using namespace comparison;

Task digit_task(const char* name) {
  Task task = small_task(name, 128);
  // 5000 samples are many for a test.
  std::vector<std::int64_t> few(100);
  for (std::size_t i = 0; i < few.size(); ++i) few[i] = static_cast<std::int64_t>(i);
  task.validation = task.test = std::make_shared<data::Subset>(task.validation, few);
  return task;
}

void check_task(const char* name, const char* metric) {
  const Task task = digit_task(name);
  CHECK(task.metric == metric);
  Training training;
  training.steps = 5;
  training.batch_size = 32;
  training.evaluations = 2;
  const OptimizerSpec adam = OptimizerSpec::parse("adam");
  const RunKey key{Stage::evaluation, 0, {0.01}, 5};
  const RunResult whole = train(task, adam, key, training, always);
  CHECK(whole.last().loss < whole.points.front().validation.loss);
  CHECK_FALSE(whole.diverged);
  const TemporaryFolder folder;
  int stops = 0;
  for (; stops < 100; ++stops) {
    try {
      const RunResult parts = train(
          task, adam, key, training, [] { return false; }, folder.path() + "/run");
      CHECK(parts.parameter_hash == whole.parameter_hash);
      CHECK(parts.test.loss == whole.test.loss);
      CHECK(parts.points.back().train_loss == whole.points.back().train_loss);
      break;
    } catch (const Stopped&) {
    }
  }
  CHECK(stops == 4);
}

Tensor constant(std::int64_t columns, float value) {
  return Tensor::full({2, columns}, static_cast<double>(value));
}

}  // namespace

TEST_CASE("make_task: lenet on digits is learnt, bit for bit after stops") {
  check_task("lenet", "error %");
}

TEST_CASE("make_task: cnn on digits is learnt, bit for bit after stops") {
  check_task("cnn", "error %");
}

TEST_CASE("make_task: vae on digits is learnt, bit for bit after stops") {
  check_task("vae", "negative ELBO");
}

TEST_CASE("vae: draws anew while training, and always the same when it is judged") {
  Generator random(3);
  Vae model(random);
  const Tensor x = Tensor::full({3, 784}, 0.25);
  const auto out = [&] { return model(x).value().clone(); };
  const Tensor first = out();
  CHECK(first.shape() == Shape{3, 800});
  CHECK(hash(first) != hash(out()));
  const nn::EvalMode evaluating(model);
  const std::uint64_t position = model.generators()[0].generator->position();
  CHECK(hash(out()) == hash(out()));
  CHECK(model.generators()[0].generator->position() == position);
  Generator other(3);
  Vae twin(other);
  CHECK(hash(twin(x).value()) == hash(first));  // the seed decides the draws too
}

TEST_CASE("negative_elbo: cross entropy of the pixels and divergence from N(0, 1), per image") {
  const Tensor x = constant(784, 0.25f);
  // Logits of 0 cost log 2 a pixel, whatever it is; means 3 and log-variances log 4 of each of 8.
  const Variable out =
      concat({constant(784, 0), constant(8, 3), constant(8, static_cast<float>(std::log(4)))}, 1);
  CHECK(negative_elbo(out, x).item() ==
        doctest::Approx(784 * std::log(2) + 8 * (9 + 4 - std::log(4) - 1) / 2).epsilon(1e-6));
  const Variable sure = concat({constant(784, 20), constant(16, 0)}, 1);
  CHECK(negative_elbo(sure, x).item() == doctest::Approx(784 * 0.75 * 20).epsilon(1e-6));
}

}  // namespace plumb::test
