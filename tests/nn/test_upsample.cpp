#include <doctest/doctest.h>

#include <plumb/nn/gradcheck.hpp>
#include <plumb/nn/upsample.hpp>

#include "../support/errors.hpp"
#include "../support/random.hpp"

using namespace plumb;
using plumb::test::error_of;
using plumb::test::normal;

TEST_CASE("Upsample: a factor, or a size, with the options of the operation") {
  const InterpolateOptions options{Interpolation::linear, AlignCorners::yes};
  const Tensor x = normal({2, 3, 4, 5});
  nn::Upsample twice(2), stretched({1, 3}, options);
  nn::Upsample fixed = nn::Upsample::to({7, 2}, options);
  CHECK(twice(x).to_vector<double>() == upsample(x, 2).to_vector<double>());
  CHECK(stretched(x).to_vector<double>() == upsample(x, {1, 3}, options).to_vector<double>());
  CHECK(fixed(x).to_vector<double>() == interpolate(x, {7, 2}, options).to_vector<double>());
  CHECK(twice(x).shape() == Shape{2, 3, 8, 10});
  CHECK(fixed(x).shape() == Shape{2, 3, 7, 2});
  CHECK(twice(normal({2, 3, 4})).shape() == Shape{2, 3, 8});
  CHECK(twice.parameters().empty());
  CHECK(twice.type_name() == "Upsample");
}

TEST_CASE("Upsample: gradients") {
  nn::Upsample nearest(2), bilinear({3, 2}, {Interpolation::linear});
  nn::gradcheck(nearest, normal({1, 2, 3, 2}));
  nn::gradcheck(bilinear, normal({1, 2, 3, 2}));
}

TEST_CASE("Upsample: what makes no layer is refused at once") {
  CHECK(error_of([] { nn::Upsample(0); }) ==
        "[Upsample] the factor must be at least 1, got [0, 0]");
  CHECK(error_of([] {
          nn::Upsample::to({3, -1});
        }) == "[Upsample] the size must be at least 1, got [3, -1]");
  CHECK(error_of([] {
          nn::Upsample(2, {Interpolation::nearest, AlignCorners::yes});
        }) == "[Upsample] align_corners is for Interpolation::linear");
}
