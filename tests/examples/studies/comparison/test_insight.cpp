#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <plumb/autograd/ops/activation.hpp>
#include <plumb/autograd/ops/math.hpp>
#include <plumb/core/tensor/linalg.hpp>
#include <plumb/examples/studies/comparison/insight.hpp>

#include "../../../support/errors.hpp"
#include "small_task.hpp"

namespace plumb::test {
namespace {

using namespace comparison;

Training steps_of(std::int64_t steps) {
  Training training;
  training.steps = steps;
  return training;
}

}  // namespace

TEST_CASE("insight: looking changes nothing") {
  const Task task = small_task("spiral", 400);
  const OptimizerSpec adam = OptimizerSpec::parse("adam");
  const RunKey key{Stage::evaluation, 0, {0.01}, 3};
  class Counting : public Observer {
   public:
    void before_step(std::int64_t step, nn::Layer&) override { CHECK(step == ++steps); }
    void after_step(std::int64_t step, nn::Layer&) override { CHECK(step == steps); }
    std::int64_t steps = 0;
  } counting;
  const RunResult plain = train(task, adam, key, steps_of(30), always);
  CHECK(train(task, adam, key, steps_of(30), always, {}, &counting).parameter_hash ==
        plain.parameter_hash);
  CHECK(counting.steps == 30);
  const std::vector<Insight> seen = look_inside(task, adam, key, steps_of(30), 5, always);
  REQUIRE(seen.size() == 6);
  CHECK(seen[0].step == 2);
  CHECK(seen[5].step == 30);
  for (const Insight& each : seen) {
    CHECK(each.gradient > 0);
    CHECK(each.update > 0);
    CHECK(std::abs(each.cosine) <= 1 + 1e-6);
    CHECK(each.sharpness > 0);
  }
}

TEST_CASE("insight: an update of plain SGD is lr times the gradient") {
  const Task task = small_task("logistic", 400);
  const RunKey key{Stage::evaluation, 0, {0.25}, 1};
  for (const Insight& each :
       look_inside(task, OptimizerSpec::parse("sgd"), key, steps_of(12), 3, always))
    CHECK(each.update == doctest::Approx(0.25 * each.gradient).epsilon(1e-3));
  for (const Insight& each :  // the last of a long average moves on straight
       look_inside(task, OptimizerSpec::parse("sgd:momentum=0.99"), key, steps_of(12), 3, always))
    CHECK(each.cosine > 0.8);
}

// The loss is mean (x w + b - y)^2, so that its Hessian is 2 / n of [x 1]^T [x 1], for all weights.
TEST_CASE("insight: sharpness is the largest eigenvalue") {
  const Task task = small_task("linear", 400);
  Generator generator(1), random(5, Stream::augmentation);
  const std::shared_ptr<nn::Layer> model = task.make_model(generator);
  std::vector<std::int64_t> indices(256);
  for (std::int64_t& index : indices) index = random.below(task.train->size());
  const Tensor x = task.train->gather(indices).x.to(DType::float64);
  const Tensor all = concat({x, Tensor::ones({256, 1}, DType::float64)}, 1).value();
  const Tensor hessian = matmul(transpose(all, 0, 1), all).value() * (2.0 / 256);
  const Tensor eigenvalues = linalg::eigh(hessian).values;
  double largest = 0;
  for (std::int64_t i = 0; i < eigenvalues.numel(); ++i)
    largest = std::max(largest, eigenvalues.at({i}));
  // Ten iterations come near, from below.
  CHECK(measure_sharpness(task, *model, 5) <= largest * 1.0001);
  CHECK(measure_sharpness(task, *model, 5) >= largest * 0.8);
}

// In float32 gelu has no second derivatives, what it is made of has.
TEST_CASE("insight: sharpness without second derivatives") {
  const Task task = small_task("spiral", 400);
  Generator generator(1);
  const std::shared_ptr<nn::Layer> model = task.make_model(generator);
  Task refused = task, written = task;
  refused.loss = [&](const Variable& y, const data::Batch& batch) {
    return task.loss(gelu(y), batch);
  };
  written.loss = [&](const Variable& y, const data::Batch& batch) {
    return task.loss(0.5 * y * (1 + erf(std::sqrt(0.5) * y)), batch);
  };
  std::vector<std::vector<float>> before;
  for (const Parameter& each : model->parameters())
    before.push_back(each.variable.value().to_vector<float>());
  const double exact = measure_sharpness(written, *model, 5);
  CHECK(exact > 0);
  CHECK(measure_sharpness(refused, *model, 5) == doctest::Approx(exact).epsilon(1e-3));
  for (std::size_t i = 0; i < before.size(); ++i)
    CHECK(model->parameters()[i].variable.value().to_vector<float>() == before[i]);
}

TEST_CASE("insight: as text and back") {
  const std::vector<Insight> all = {{2, 0.1, 1e-9, std::numeric_limits<double>::quiet_NaN(),
                                     std::numeric_limits<double>::infinity(), 3},
                                    {4, 1, 2, -0.5, 64, std::numeric_limits<double>::quiet_NaN()}};
  CHECK(insights_csv(insights_from(insights_csv(all))) == insights_csv(all));
  CHECK(insights_from(insights_csv({})).empty());
  CHECK(contains(error_of([] { insights_from("step,gradient\n1,2\n"); }),
                 "[insights_from] no column 'update'"));
  std::string damaged = insights_csv(all);
  damaged.replace(damaged.find("64"), 2, "6x");
  CHECK(contains(error_of([&] { insights_from(damaged); }),
                 "line 3, column 5 ('noise_scale'): expected a number, got '6x'"));
  CHECK(contains(error_of([&] { insights_from(damaged.substr(0, damaged.rfind(','))); }),
                 "[parse_csv] text: line 3"));
}

}  // namespace plumb::test
