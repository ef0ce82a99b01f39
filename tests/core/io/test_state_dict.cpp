#include <doctest/doctest.h>

#include <plumb/core/io/state_dict.hpp>
#include <plumb/core/runtime/error.hpp>

using namespace plumb;

TEST_CASE("StateDict: tensors and scalars by name") {
  StateDict state;
  state.set("weight", Tensor::full({2}, 3));
  state.set("steps", std::int64_t{5});
  state.set("lr", 0.5);
  state.set("kind", "sgd");
  state.set("nesterov", true);
  CHECK(state.tensor("weight").at({1}) == 3);
  CHECK(state.scalar<std::int64_t>("steps") == 5);
  CHECK(state.scalar<double>("lr") == 0.5);
  CHECK(state.scalar<std::string>("kind") == "sgd");
  CHECK(state.scalar<bool>("nesterov"));
  CHECK(state.has_tensor("weight"));
  CHECK_FALSE(state.has_scalar("weight"));
  CHECK_THROWS_WITH_AS(state.tensor("bias"), "[StateDict] no tensor named 'bias'", Error);
  CHECK_THROWS_WITH_AS(state.scalar<double>("beta"), "[StateDict] no scalar named 'beta'", Error);
  CHECK_THROWS_WITH_AS(state.scalar<double>("steps"),
                       "[StateDict] scalar 'steps' is of another kind than was asked for", Error);
}

TEST_CASE("StateDict: parts go in under a prefix and come out again") {
  StateDict model;
  model.set("0.weight", Tensor::ones({1}));
  model.set("dropout.seed", std::int64_t{9});
  StateDict all;
  all.insert("model", model);
  all.set("modeling", 1.0);  // shares the letters, not the prefix
  CHECK(all.has_tensor("model.0.weight"));
  const StateDict back = all.part("model");
  CHECK(back.tensors().size() == 1);
  CHECK(back.scalars().size() == 1);
  CHECK(back.scalar<std::int64_t>("dropout.seed") == 9);
}

TEST_CASE("StateDict: clone has memory of its own") {
  StateDict state;
  Tensor x = Tensor::zeros({1});
  state.set("x", x);
  const StateDict copy = state.clone();
  x.fill(1);
  CHECK(state.tensor("x").item() == 1);
  CHECK(copy.tensor("x").item() == 0);
}
