#include <doctest/doctest.h>

#include <cmath>
#include <plumb/examples/studies/comparison/task.hpp>
#include <plumb/plumb.hpp>
#include <string>

#include "small_task.hpp"

using namespace comparison;
using namespace plumb;

namespace {

void check_learnt(const std::string& name, std::int64_t samples) {
  CAPTURE(name);
  const Task task = test::small_task(name, samples);
  CHECK(data_hash(task) == data_hash(test::small_task(name, samples)));
  CHECK(task.metric == (name == "regression" ? "squared error" : "error %"));

  Generator generator(1);
  const std::shared_ptr<nn::Layer> model = task.make_model(generator);
  const Score before = task.evaluate(*model, task.validation);
  CHECK(before.metric >= 0);
  CHECK(before.metric <= 100);
  if (name == "regression") CHECK(before.metric == before.loss);
  optim::AdamW::Options adamw;
  adamw.lr = 0.01;
  optim::AdamW optimizer(model->parameters(), adamw);
  data::LoaderOptions batches;
  batches.batch_size = samples / 6;
  data::DataLoader loader(task.train, batches);
  const double first = task.evaluate(*model, task.train).loss;
  for (int epoch = 0; epoch < 3; ++epoch)
    for (const data::Batch& batch : loader) {
      const Variable loss = task.loss((*model)(batch.x, batch.lengths), batch);
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();
    }
  CHECK(task.evaluate(*model, task.train).loss < first);
  CHECK(std::isfinite(task.evaluate(*model, task.test).loss));
}

}  // namespace

TEST_CASE("make_task: text, genes and tables are learnt, in parts that share no sample") {
  for (const char* name : {"text", "gpt", "genes", "table", "regression"}) check_learnt(name, 120);
}

TEST_CASE("make_task: speech is learnt, in parts that share no sample") {
  check_learnt("speech", 42);
}

TEST_CASE("Task: the error of sequences is that of their steps") {
  const Task task = test::small_task("text", 60);
  // Logits that always say class 0.
  class Zero : public nn::Layer {
   public:
    explicit Zero(std::int64_t classes) : classes_(classes) {}
    Variable forward(const Variable& x) override {
      Tensor y = Tensor::zeros({x.dim(0), x.dim(1), classes_});
      for (std::int64_t i = 0; i < y.numel(); i += classes_) y.mutable_data<float>()[i] = 1;
      return y;
    }

   private:
    std::int64_t classes_;
  };
  Generator generator(1);
  const std::int64_t classes =
      (*task.make_model(generator))(task.train->gather({0}).x).value().dim(-1);
  Zero zero(classes);
  std::int64_t others = 0, all = 0;
  for (const data::Batch& batch : data::DataLoader(task.test))
    for (std::int64_t i = 0; i < batch.y.numel(); ++i, ++all)
      others += batch.y.data<std::int64_t>()[i] != 0 ? 1 : 0;
  CHECK(task.evaluate(zero, task.test).metric ==
        doctest::Approx(100 * static_cast<double>(others) / static_cast<double>(all)));
}
