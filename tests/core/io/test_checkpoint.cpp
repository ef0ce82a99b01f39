#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <plumb/core/io/checkpoint.hpp>
#include <plumb/core/io/safetensors.hpp>
#include <plumb/core/runtime/random.hpp>
#include <plumb/core/runtime/version.hpp>
#include <stdexcept>

#include "../../support/errors.hpp"
#include "../../support/temporary_folder.hpp"

using namespace plumb;
using test::contains;
using test::error_of;

namespace {

const std::string misfit =
    errors::text("[Checkpoint] what was saved by plumb '", version(), "' does not fit this run:\n");

// Keeps one tensor; takes only tensors of its own shape.
class Part {
 public:
  explicit Part(Tensor value) : value(std::move(value)) {}
  StateDict state_dict() const {
    StateDict state;
    state.set("value", value);
    return state;
  }
  void load_state_dict(const StateDict& state) {
    const Tensor& saved = state.tensor("value");
    if (saved.shape() != value.shape()) errors::fail("Part", "got ", saved.shape());
    value.copy_from(saved);
  }

  Tensor value;
};

// As a module has them.
class Streams : public Part {
 public:
  struct Named {
    std::string name;
    Generator* generator;
  };
  Streams() : Part(Tensor::zeros({1})) {}
  std::vector<Named> generators() { return {{"3.mask", &mask}}; }

  Generator mask{7, Stream::dropout};
};

// A learning rate, and a schedule that sets it when it is loaded, as those of optim do.
struct Rate {
  double value = 0;
  StateDict state_dict() const {
    StateDict state;
    state.set("value", value);
    return state;
  }
  void load_state_dict(const StateDict& state) { value = state.scalar<double>("value"); }
};

struct Halving {
  Rate& rate;
  std::int64_t halvings = 0;
  StateDict state_dict() const {
    StateDict state;
    state.set("halvings", halvings);
    return state;
  }
  void load_state_dict(const StateDict& state) {
    halvings = state.scalar<std::int64_t>("halvings");
    rate.value = std::ldexp(1.0, -static_cast<int>(halvings));
  }
};

}  // namespace

TEST_CASE("Checkpoint: objects, their generators, variables and settings come back") {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/run.safetensors";
  Streams model;
  Part average(Tensor::full({2}, 3));
  Generator generator(5);
  std::int64_t step = 12;
  double best = 0.1;
  bool done = true;
  std::string note = "x";
  Checkpoint checkpoint;
  checkpoint.add("model", model);
  checkpoint.add("average", average);
  checkpoint.add("noise", generator);
  checkpoint.track("step", step);
  checkpoint.track("best", best);
  checkpoint.track("done", done);
  checkpoint.track("note", note);
  checkpoint.require("batch_size", 64);
  checkpoint.require("lr", 0.1);
  checkpoint.require("data", "mnist");
  checkpoint.require("debias", false);
  model.mask.uniform();
  generator.set_position(99);
  checkpoint.save(path);

  const double next = model.mask.uniform(), noise = generator.normal();
  average.value.fill(0);
  model.value.fill(1);
  step = 0, best = 0, done = false, note = "";
  checkpoint.load(path);
  CHECK(model.value.item() == 0);
  CHECK(average.value.at({1}) == 3);
  CHECK(model.mask.uniform() == next);
  CHECK(generator.normal() == noise);
  CHECK(step == 12);
  CHECK(best == 0.1);
  CHECK(done);
  CHECK(note == "x");
  CHECK(load_safetensors(path).state.tensor("average.value").at({0}) == 3);
}

TEST_CASE("Checkpoint: all that does not fit is named, and nothing is half loaded") {
  Part a(Tensor::ones({2})), b(Tensor::ones({3})), c(Tensor::ones({4}));
  std::int64_t step = 1;
  Checkpoint saved;
  saved.add("a", a);
  saved.add("b", b);
  saved.add("c", c);
  saved.track("step", step);
  saved.require("lr", 0.5);
  const StateDict state = saved.state_dict().clone();

  Part other_b(Tensor::full({5}, 2)), other_c(Tensor::full({6}, 2));
  a.value.fill(2);
  step = 7;
  Checkpoint run;
  run.add("a", a);
  run.add("b", other_b);
  run.add("c", other_c);
  run.track("step", step);
  run.require("lr", 0.5);
  CHECK(error_of([&] { run.load_state_dict(state); }) ==
        misfit + "  b: [Part] got [3]\n  c: [Part] got [4]");
  CHECK(a.value.at({1}) == 2);
  CHECK(step == 7);

  Checkpoint strange;
  double steps = 0;
  strange.add("a", a);
  strange.add("b", b);
  strange.track("step", steps);
  strange.track("epoch", step);
  strange.require("lr", 0.1);
  strange.require("momentum", 0.9);
  CHECK(error_of([&] { strange.load_state_dict(state); }) ==
        misfit +
            "  saved with lr 0.5, this run has 0.1\n"
            "  saved without the setting momentum\n"
            "  saved without the variable epoch\n"
            "  the variable step was saved as another kind\n"
            "  unexpected c.value");
  CHECK(a.value.at({1}) == 2);
}

TEST_CASE("Checkpoint: settings and variables that only the file has are refused") {
  std::int64_t step = 1;
  Checkpoint saved, run;
  saved.track("step", step);
  saved.require("nesterov", true);
  CHECK(error_of([&] { run.load_state_dict(saved.state_dict()); }) ==
        misfit + "  saved with nesterov true, this run has no such\n  unexpected variable step");
}

TEST_CASE("Checkpoint: an exception of any kind in a part is reported, and the rest put back") {
  struct Thrower {
    StateDict state_dict() const { return {}; }
    void load_state_dict(const StateDict&) { throw std::out_of_range("index 9"); }
  } thrower;
  Part a(Tensor::ones({2}));
  Checkpoint checkpoint;
  checkpoint.add("a", a);
  checkpoint.add("thrower", thrower);
  const StateDict state = checkpoint.state_dict().clone();
  a.value.fill(2);
  CHECK(contains(error_of([&] { checkpoint.load_state_dict(state); }), "\n  thrower: index 9"));
  CHECK(a.value.at({0}) == 2);
}

TEST_CASE("Checkpoint: what is put back is not overwritten by what comes behind it") {
  Rate rate;
  Halving schedule{rate};
  Part model(Tensor::zeros({2}));
  Checkpoint checkpoint;
  checkpoint.add("optimizer", rate);
  checkpoint.add("schedule", schedule);
  checkpoint.add("model", model);
  const StateDict saved = checkpoint.state_dict().clone();
  schedule.halvings = 3;
  rate.value = 0.7;  // as who trains has set it since
  model.value = Tensor::zeros({3});
  CHECK(contains(error_of([&] { checkpoint.load_state_dict(saved); }), "model: [Part] got [2]"));
  CHECK(rate.value == 0.7);
  CHECK(schedule.halvings == 3);
}

TEST_CASE("Checkpoint: names that would mix are refused") {
  Part part(Tensor::ones({1}));
  std::int64_t step = 0;
  Checkpoint checkpoint;
  checkpoint.add("model.a", part);
  checkpoint.add("model.ab", part);
  for (const char* name : {"model.a", "model", "model.a.b"})
    CHECK(contains(error_of([&] { checkpoint.add(name, part); }), "does not go beside"));
  for (const char* name : {"run", "settings.x", "version", "checkpoint"})
    CHECK(contains(error_of([&] { checkpoint.add(name, part); }), "is reserved"));
  CHECK(error_of([&] { checkpoint.add("", part); }) == "[Checkpoint] a name is empty");
  checkpoint.track("step", step);
  CHECK(contains(error_of([&] { checkpoint.track("step", step); }), "is tracked already"));
  checkpoint.require("step", 1);
  CHECK(contains(error_of([&] { checkpoint.require("step", 1); }), "is required already"));
}

TEST_CASE("Checkpoint: other files are refused, with their path") {
  const test::TemporaryFolder folder;
  Part part(Tensor::ones({1}));
  Checkpoint checkpoint;
  checkpoint.add("part", part);
  const std::string plain = folder.path() + "/plain", foreign = folder.path() + "/foreign";
  save_safetensors(plain, part.state_dict());
  CHECK(error_of([&] { checkpoint.load(plain); }) ==
        plain + ": [Checkpoint] the state dict is not of a checkpoint");
  folder.write("foreign", std::string("\2\0\0\0\0\0\0\0{}", 10));
  CHECK(error_of([&] { checkpoint.load(foreign); }) ==
        "[Checkpoint] " + foreign + ": no checkpoint of plumb: it has no checksums");
  StateDict later = checkpoint.state_dict();
  later.set("checkpoint", "of another kind");
  CHECK(error_of([&] { checkpoint.load_state_dict(later); }) ==
        "[Checkpoint] the state dict is not of a checkpoint");
  later.set("checkpoint", 2);
  CHECK(error_of([&] { checkpoint.load_state_dict(later); }) ==
        "[Checkpoint] the state dict is of layout 2, expected 1");
}
