#include <doctest/doctest.h>

#include <limits>
#include <plumb/autograd.hpp>
#include <plumb/data/micro_batches.hpp>

#include "../support/errors.hpp"

using namespace plumb;

namespace {

// x [12, 5] in five classes, of which sample 3 and the last four count for nothing.
struct Samples {
  Samples() {
    generator.fill_normal(x);
    generator.fill_normal(w);
    for (std::int64_t i = 0; i < 12; ++i)
      y.mutable_data<std::int64_t>()[i] = i == 3 || i >= 8 ? -100 : i % 5;
  }
  Generator generator{4};
  Tensor x = Tensor::empty({12, 5}, DType::float64);
  Tensor w = Tensor::empty({5, 5}, DType::float64);
  Tensor y = Tensor::empty({12}, DType::int64);
};

}  // namespace

TEST_CASE("GradientAccumulation: unequal parts give the gradient of the mean over all samples") {
  const Samples samples;
  const Variable whole = Variable::leaf(samples.w), parts = Variable::leaf(samples.w);
  const Variable loss = cross_entropy(matmul(samples.x, whole), samples.y);
  loss.backward();

  CrossEntropyOptions summed;
  summed.reduction = Reduction::sum;
  GradientAccumulation step(7);  // samples that count
  for (const data::Batch& part : data::micro_batches({samples.x, samples.y}, 5))
    step.add(cross_entropy(matmul(part.x, parts), part.y, summed));

  CHECK(step.mean() == doctest::Approx(loss.item()).epsilon(1e-14));
  const Tensor of_parts = parts.grad(), of_whole = whole.grad();
  for (std::int64_t i = 0; i < 25; ++i)
    CHECK(of_parts.data<double>()[i] == doctest::Approx(of_whole.data<double>()[i]).epsilon(1e-12));
}

TEST_CASE("GradientAccumulation: what cannot be added is refused") {
  CHECK(test::error_of([] { GradientAccumulation step(0); }) ==
        "[GradientAccumulation] count must be positive and finite, got 0");
  CHECK(test::error_of([] {
          GradientAccumulation step(std::numeric_limits<double>::quiet_NaN());
        }) == "[GradientAccumulation] count must be positive and finite, got nan");
  GradientAccumulation step(2);
  CHECK(test::error_of([&] { step.add(Variable::leaf(Tensor::zeros({2}))); }) ==
        "[GradientAccumulation] expected the sum of a part's losses, one number, got "
        "[2]");
  CHECK(test::error_of([&] { step.add(Variable()); }) ==
        "[GradientAccumulation] expected the sum of a part's losses, one number, got "
        "an undefined variable");
  CHECK(step.mean() == 0);
}
