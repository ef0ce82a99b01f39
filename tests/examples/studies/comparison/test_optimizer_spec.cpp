#include <doctest/doctest.h>

#include <plumb/examples/studies/comparison/optimizer_spec.hpp>
#include <plumb/nn/linear.hpp>

#include "../../../support/errors.hpp"

namespace plumb::test {
namespace {

using comparison::Configuration;
using comparison::OptimizerSpec;
using comparison::Search;

// A model of one parameter.
class Point : public nn::Module {
 public:
  Point() { add_parameter("p", Tensor::ones({2})); }
};

std::string lr_range(const OptimizerSpec& spec) {
  REQUIRE(spec.searched());
  REQUIRE(spec.space().front().name == "lr");
  return spec.space().front().range();
}

}  // namespace

TEST_CASE("optimizer spec: rule, options, label") {
  const OptimizerSpec spec =
      OptimizerSpec::parse("heavy@sgd:momentum=0.9,weight_decay=1e-4,max_wait=5");
  CHECK(spec.label() == "heavy");
  CHECK(spec.description() ==
        "SGD momentum=0.9, dampening=0, debias=false, nesterov=false, weight_decay=1e-04, "
        "maximize=false, accumulate_below=0, max_wait=5; lr in 1e-04..1");
  CHECK(OptimizerSpec::parse("adam:beta2=0.99").label() == "adam:beta2=0.99");
  for (const char* rule : {"sgd", "adam", "adamw", "rmsprop", "adagrad", "lion", "nadam", "nadamw",
                           "radam", "ademamix", "lamb", "lars", "schedulefreesgd",
                           "schedulefreeadamw", "prodigy", "muon", "soap"})
    CHECK(OptimizerSpec::parse(rule).searched());
}

TEST_CASE("optimizer spec: the range and the effective size of lr") {
  const OptimizerSpec heavy = OptimizerSpec::parse("sgd:momentum=0.9");
  CHECK(lr_range(heavy) == "1e-04..1");
  CHECK(heavy.effective_lr({0.1}) == doctest::Approx(1).epsilon(1e-15));
  const OptimizerSpec debiased = OptimizerSpec::parse("sgd:momentum=0.9,debias=1");
  CHECK(lr_range(debiased) == "0.001..10");
  CHECK(debiased.effective_lr({0.1}) == doctest::Approx(0.1).epsilon(1e-15));
  CHECK(contains(debiased.description(), "dampening=0.9"));
  CHECK(contains(OptimizerSpec::parse("sgd:momentum=0.9,debias=1,dampening=0").description(),
                 "dampening=0,"));
  CHECK(lr_range(OptimizerSpec::parse("lars")) == "0.01..100");
  CHECK(OptimizerSpec::parse("lars").effective_lr({1}) == doctest::Approx(10).epsilon(1e-15));
  CHECK(lr_range(OptimizerSpec::parse("lars:debias=1")) == "0.1..1000");
  CHECK(lr_range(OptimizerSpec::parse("lion")) == "1e-06..0.01");
  CHECK(lr_range(OptimizerSpec::parse("muon")) == "1e-04..1");
  CHECK(lr_range(OptimizerSpec::parse("soap")) == "1e-05..0.1");
  CHECK_FALSE(OptimizerSpec::parse("sgd:lr=0.25").searched());
  CHECK(contains(OptimizerSpec::parse("sgd:lr=0.25").description(), "; lr 0.25"));
  CHECK(lr_range(OptimizerSpec::parse("sgd:lr=1e-3..2")) == "0.001..2");
}

TEST_CASE("optimizer spec: makes the optimizer that it says") {
  Point model;
  const auto made = OptimizerSpec::parse("sgd:momentum=0.5,nesterov=true").make(model, {0.125});
  auto* sgd = dynamic_cast<optim::SGD*>(made.get());
  REQUIRE(sgd != nullptr);
  CHECK(sgd->lr() == 0.125);
  CHECK(sgd->options(0).momentum == 0.5);
  CHECK(sgd->options(0).nesterov);
}

TEST_CASE("optimizer spec: ranges are searched, and what follows from them follows") {
  const OptimizerSpec spec = OptimizerSpec::parse(
      "sgd:lr=0.5,momentum=0.8..0.99,debias=1,warm_up=0..0.5,schedule=cosine|constant");
  REQUIRE(spec.space().size() == 3);
  Generator random(1);
  const std::vector<Configuration> trials = spec.trials(20, random);
  REQUIRE(trials.size() == 20);
  Point model;
  int cosine = 0;
  for (const Configuration& trial : trials) {
    CHECK(trial.lr == 0.5);
    const auto made = spec.make(model, trial);
    const optim::SGDOptions& options = dynamic_cast<optim::SGD&>(*made).options(0);
    CHECK(options.momentum >= 0.8);
    CHECK(options.momentum <= 0.99);
    CHECK(options.dampening == options.momentum);
    CHECK(spec.effective_lr(trial) == doctest::Approx(0.5).epsilon(1e-12));
    const comparison::Course course = spec.course(trial);
    CHECK(course.warm_up >= 0);
    CHECK(course.warm_up <= 0.5);
    cosine += course.schedule == "cosine" ? 1 : 0;
  }
  CHECK(cosine >= 8);
  CHECK(cosine <= 12);
  CHECK(
      contains(spec.description(),
               "; momentum in 0.8..0.99, warm_up in 0..0.5, schedule in cosine|constant; lr 0.5"));
  CHECK(contains(spec.text(trials[0]), "lr=0.5, momentum=0."));
}

TEST_CASE("optimizer spec: the space of a rule, but for what is written") {
  const auto names = [](const char* text) {
    const OptimizerSpec spec = OptimizerSpec::parse(text, Search::space);
    std::string all;
    for (const comparison::Dimension& each : spec.space()) all += each.name + " ";
    return all;
  };
  CHECK(names("sgd:momentum=0.9") == "lr warm_up schedule ");
  CHECK(names("adam") == "lr beta1 beta2 warm_up schedule ");
  CHECK(names("adamw:beta2=0.99,schedule=cosine") == "lr beta1 weight_decay warm_up ");
  CHECK(names("rmsprop:lr=0.1,warm_up=0") == "alpha schedule ");
  CHECK(names("ademamix") == "lr beta1 beta2 warm_up schedule ");
  CHECK(names("schedulefreesgd") == "lr warm_up ");
  CHECK(names("muon") == "lr momentum adamw_ratio warm_up schedule ");
  CHECK(names("soap") == "lr beta1 beta2 weight_decay warm_up schedule ");
  const OptimizerSpec usual = OptimizerSpec::parse("sgd", Search::space);
  CHECK(usual.space().back().range() == "constant|cosine");
}

TEST_CASE("optimizer spec: the curve of a course") {
  const comparison::Course course{0.25, "cosine"};
  const optim::Curve curve = course.curve(16);
  CHECK(curve.factor(0) == 0.25);
  CHECK(curve.factor(3) == 0.8125);
  CHECK(curve.factor(4) == 1);
  CHECK(curve.factor(10) == doctest::Approx(0.5));
  CHECK(curve.factor(16) == doctest::Approx(0));
  const optim::Curve line = comparison::Course{0.25, "linear"}.curve(16);
  CHECK(line.factor(3) == 0.8125);
  CHECK(line.factor(4) == 1);
  CHECK(line.factor(10) == 0.5);
  CHECK(line.factor(16) == 0);
  CHECK(comparison::Course().is_constant());
  CHECK(comparison::Course().curve(10).factor(9) == 1);
}

TEST_CASE("optimizer spec: what it refuses") {
  const auto refusal = [](const char* text) {
    return error_of([&] { OptimizerSpec::parse(text); });
  };
  CHECK(contains(refusal("lbfgs"), "[optimizer] no rule named 'lbfgs'"));
  CHECK(contains(refusal("sgd:debias=yes"), "debias must be 0, 1, false or true, got 'yes'"));
  CHECK(contains(refusal("sgd:max_wait=1.5"), "max_wait must be a whole number, got '1.5'"));
  CHECK(contains(refusal("sgd:momentum=0.9,momentum=0.8"), "momentum is given twice"));
  CHECK(contains(refusal("sgd:momentum=inf"), "must be a number, got 'inf'"));
  CHECK(contains(refusal("sgd:nesterov=1"), "[SGD] nesterov"));
  CHECK(contains(refusal("@sgd"), "no label"));
  CHECK(contains(refusal("a'b@sgd"), "no label"));
  CHECK(contains(refusal("sgd:lr=-1"), "lr must be positive"));
  CHECK(contains(refusal("sgd:lr=0.1.."), "lr must be a number, got ''"));
  CHECK(contains(refusal("sgd:momentum=0.9..0.8"), "momentum must be LOW..HIGH"));
  CHECK(contains(refusal("sgd:momentum=0.9..1"), "[SGD] momentum must be in [0, 1), got 1"));
  CHECK(contains(refusal("sgd:nesterov=0..1"), "nesterov is no number that can be searched"));
  CHECK(contains(refusal("sgd:momentun=0..1"), "[SGD] no option named 'momentun'"));
  CHECK(contains(refusal("sgd:warm_up=1"), "warm_up must be in [0, 1), got '1'"));
  CHECK(
      contains(refusal("sgd:schedule=cosine|step"), "schedule must be constant, cosine or linear"));
}

}  // namespace plumb::test
