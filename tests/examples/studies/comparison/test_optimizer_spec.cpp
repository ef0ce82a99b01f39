#include <doctest/doctest.h>

#include <plumb/examples/studies/comparison/optimizer_spec.hpp>

#include "../../../support/errors.hpp"

namespace plumb::test {
namespace {

using comparison::OptimizerSpec;

}  // namespace

TEST_CASE("optimizer spec: rule, options, label") {
  const OptimizerSpec spec =
      OptimizerSpec::parse("heavy@sgd:momentum=0.9,weight_decay=1e-4,max_wait=5");
  CHECK(spec.label() == "heavy");
  CHECK(spec.description() ==
        "SGD momentum=0.9, dampening=0, debias=false, nesterov=false, weight_decay=1e-04, "
        "maximize=false, accumulate_below=0, max_wait=5");
  CHECK(OptimizerSpec::parse("adam:beta2=0.99").label() == "adam:beta2=0.99");
  for (const char* rule :
       {"sgd", "adam", "adamw", "rmsprop", "adagrad", "lion", "nadam", "nadamw", "radam",
        "ademamix", "lamb", "lars", "schedulefreesgd", "schedulefreeadamw", "prodigy"})
    CHECK(OptimizerSpec::parse(rule).searched());
}

TEST_CASE("optimizer spec: the range and the effective size of lr") {
  const OptimizerSpec heavy = OptimizerSpec::parse("sgd:momentum=0.9");
  CHECK(heavy.lr_low() == 1e-4);
  CHECK(heavy.lr_high() == 1);
  CHECK(heavy.effective_lr(0.1) == doctest::Approx(1).epsilon(1e-15));
  const OptimizerSpec debiased = OptimizerSpec::parse("sgd:momentum=0.9,debias=1");
  CHECK(debiased.lr_high() == 10);
  CHECK(debiased.effective_lr(0.1) == doctest::Approx(0.1).epsilon(1e-15));
  CHECK(contains(debiased.description(), "dampening=0.9"));
  CHECK(contains(OptimizerSpec::parse("sgd:momentum=0.9,debias=1,dampening=0").description(),
                 "dampening=0,"));
  CHECK(OptimizerSpec::parse("lars").lr_high() == 100);
  CHECK(OptimizerSpec::parse("lars").effective_lr(1) == doctest::Approx(10).epsilon(1e-15));
  CHECK(OptimizerSpec::parse("lars:debias=1").lr_high() == 1000);
  CHECK(OptimizerSpec::parse("lion").lr_high() == 0.01);
  CHECK_FALSE(OptimizerSpec::parse("sgd:lr=0.25").searched());
  CHECK(OptimizerSpec::parse("sgd:lr=0.25").lr_low() == 0.25);
  CHECK(OptimizerSpec::parse("sgd:lr=1e-3..2").lr_low() == 1e-3);
  CHECK(OptimizerSpec::parse("sgd:lr=1e-3..2").lr_high() == 2);
}

TEST_CASE("optimizer spec: makes the optimizer that it says") {
  Parameters parameters = {{"p", Variable::leaf(Tensor::ones({2}))}};
  const auto made = OptimizerSpec::parse("sgd:momentum=0.5,nesterov=true").make(parameters, 0.125);
  auto* sgd = dynamic_cast<optim::SGD*>(made.get());
  REQUIRE(sgd != nullptr);
  CHECK(sgd->lr() == 0.125);
  CHECK(sgd->options(0).momentum == 0.5);
  CHECK(sgd->options(0).nesterov);
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
}

}  // namespace plumb::test
