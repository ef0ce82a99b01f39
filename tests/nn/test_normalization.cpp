#include <doctest/doctest.h>

#include <cmath>
#include <plumb/autograd/modes.hpp>
#include <plumb/autograd/ops/normalization.hpp>
#include <plumb/nn/gradcheck.hpp>
#include <plumb/nn/normalization.hpp>
#include <plumb/nn/sequential.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"
#include "../support/random.hpp"

using namespace plumb;
using plumb::test::deviation;
using plumb::test::error_of;
using plumb::test::normal;

namespace {

std::vector<float> floats(const Variable& v) { return v.value().to_vector<float>(); }

std::string names(const nn::Module& module) {
  std::string all;
  const StateDict state = module.state_dict();
  for (const auto& [name, tensor] : state.tensors())
    all += errors::text(name, " ", tensor.shape(), " ", tensor.dtype(), "; ");
  return all;
}

nn::BatchNormOptions without(nn::Affine affine, nn::TrackStatistics track) {
  nn::BatchNormOptions options;
  options.affine = affine;
  options.track = track;
  return options;
}

}  // namespace

TEST_CASE("BatchNorm: parameters and buffers have PyTorch's names, shapes and types") {
  const std::string all =
      "bias [3] float32; num_batches_tracked [] int64; running_mean [3] float32; "
      "running_var [3] float32; weight [3] float32; ";
  CHECK(names(nn::BatchNorm1d(3)) == all);
  CHECK(names(nn::BatchNorm2d(3)) == all);
  const nn::BatchNorm2d layer(3);
  CHECK(floats(layer.weight()) == std::vector<float>(3, 1));
  CHECK(floats(layer.bias()) == std::vector<float>(3, 0));
  CHECK(floats(layer.running_mean()) == std::vector<float>(3, 0));
  CHECK(floats(layer.running_var()) == std::vector<float>(3, 1));
  CHECK(layer.num_batches_tracked() == 0);
  CHECK(layer.parameters().size() == 2);
  CHECK(layer.type_name() == "BatchNorm2d");

  using nn::Affine;
  using nn::TrackStatistics;
  CHECK(names(nn::BatchNorm1d(3, without(Affine::yes, TrackStatistics::no))) ==
        "bias [3] float32; weight [3] float32; ");
  const nn::BatchNorm1d bare(3, without(Affine::no, TrackStatistics::no));
  CHECK(names(bare) == "");
  CHECK_FALSE(bare.weight().defined());
  CHECK_FALSE(bare.running_mean().defined());
  CHECK(bare.num_batches_tracked() == 0);
}

TEST_CASE("BatchNorm: training normalizes by the batch and moves the statistics") {
  nn::BatchNorm1d layer(1);
  layer.to(DType::float64);
  const Tensor x = Tensor::from({1., 3., 5., 7.}, {4, 1});
  const Tensor y = layer(x).value();
  CHECK(y.at({0, 0}) == doctest::Approx(-3 / std::sqrt(5 + 1e-5)).epsilon(1e-15));
  CHECK(layer.running_mean().item() == doctest::Approx(0.4).epsilon(1e-15));
  CHECK(layer.running_var().item() == doctest::Approx(0.9 + 0.1 * 20 / 3).epsilon(1e-15));
  CHECK(layer.num_batches_tracked() == 1);
}

TEST_CASE("BatchNorm: evaluation normalizes by the statistics and moves nothing") {
  nn::BatchNorm1d layer(1);
  layer.to(DType::float64);
  layer(Tensor::from({1., 3., 5., 7.}, {4, 1}));
  const double mean = layer.running_mean().item(), var = layer.running_var().item();
  layer.eval();
  const Tensor y = layer(Tensor::from({2.}, {1, 1})).value();  // one value per channel
  CHECK(y.item() == doctest::Approx((2 - mean) / std::sqrt(var + 1e-5)).epsilon(1e-15));
  CHECK(layer.running_mean().item() == mean);
  CHECK(layer.running_var().item() == var);
  CHECK(layer.num_batches_tracked() == 1);
  layer.train();
  layer(Tensor::from({1., 3.}, {2, 1}));
  CHECK(layer.num_batches_tracked() == 2);
}

TEST_CASE("BatchNorm: without a momentum the statistics are means over the batches") {
  nn::BatchNormOptions options;
  options.momentum.reset();
  nn::BatchNorm1d layer(1, options);
  layer.to(DType::float64);
  layer(Tensor::from({1., 3.}, {2, 1}));
  layer(Tensor::from({4., 8.}, {2, 1}));
  layer(Tensor::from({0., 1.}, {2, 1}));
  CHECK(layer.running_mean().item() == doctest::Approx((2 + 6 + 0.5) / 3).epsilon(1e-15));
  CHECK(layer.running_var().item() == doctest::Approx((2 + 8 + 0.5) / 3).epsilon(1e-15));
}

TEST_CASE("BatchNorm: without statistics it evaluates by the batch too") {
  nn::BatchNorm1d layer(3, without(nn::Affine::yes, nn::TrackStatistics::no));
  const Tensor x = normal({4, 3}, DType::float32);
  const Tensor trained = layer(x).value();
  layer.eval();
  CHECK(layer(x).value().to_vector<float>() == trained.to_vector<float>());
  CHECK_THROWS_AS(layer(Tensor::ones({1, 3})), Error);
}

TEST_CASE("BatchNorm: gradients in both modes, affine or not") {
  for (const nn::Affine affine : {nn::Affine::no, nn::Affine::yes}) {
    nn::BatchNorm1d one(3, without(affine, nn::TrackStatistics::yes));
    nn::BatchNorm2d two(3, without(affine, nn::TrackStatistics::yes));
    one.to(DType::float64);
    two.to(DType::float64);
    one(normal({4, 3}, DType::float64, 5));  // statistics that are not 0 and 1
    two(normal({2, 3, 2, 2}, DType::float64, 5));
    for (const bool train : {true, false}) {
      if (!train) {
        one.eval();
        two.eval();
      }
      nn::gradcheck(one, normal({5, 3}));
      nn::gradcheck(one, normal({2, 3, 4}));
      nn::gradcheck(two, normal({2, 3, 2, 3}));
    }
    CHECK(one.num_batches_tracked() == 1);  // gradcheck puts everything back
  }
}

TEST_CASE("BatchNorm: to() converts what is floating, and training goes on in it") {
  nn::BatchNorm2d single(3), twice(3);
  const Tensor first = normal({2, 3, 4, 4}, DType::float32),
               second = normal({2, 3, 4, 4}, DType::float32, 4);
  single(first);
  twice(first);
  twice.to(DType::float64);
  CHECK(twice.running_mean().dtype() == DType::float64);
  CHECK(twice.running_var().dtype() == DType::float64);
  CHECK(twice.weight().dtype() == DType::float64);
  CHECK(twice.num_batches_tracked() == 1);
  single(second);
  twice(second.to(DType::float64));
  CHECK(deviation(single.running_mean().value(), twice.running_mean().value()) < 1e-6);
  CHECK(deviation(single.running_var().value(), twice.running_var().value()) < 1e-6);
  CHECK(twice.num_batches_tracked() == 2);
  CHECK(error_of([&] { twice(second); }) ==
        "[batch_norm] input of float32 needs a weight of float32, got float64");
}

TEST_CASE("BatchNorm: a saved state evaluates to the same bits") {
  nn::Sequential model{nn::BatchNorm1d(3)}, copy{nn::BatchNorm1d(3)};
  for (std::uint64_t seed = 1; seed <= 3; ++seed) model(normal({6, 3}, DType::float32, seed));
  const StateDict state = model.state_dict().clone();
  CHECK(state.has_tensor("0.running_mean"));
  CHECK(state.tensor("0.num_batches_tracked").item<std::int64_t>() == 3);
  copy.load_state_dict(state);
  model.eval();
  copy.eval();
  const Tensor x = normal({2, 3}, DType::float32);
  CHECK(copy(x).value().to_vector<float>() == model(x).value().to_vector<float>());
}

TEST_CASE("BatchNorm: the state dict sees the statistics move") {
  nn::BatchNorm1d layer(1);
  const StateDict state = layer.state_dict();
  layer(Tensor::from({1.F, 3.F}, {2, 1}));
  CHECK(state.tensor("running_mean").item() == doctest::Approx(0.2));
  CHECK(state.tensor("num_batches_tracked").item<std::int64_t>() == 1);
}

TEST_CASE("BatchNorm: statistics move without a graph too, and are in none") {
  nn::BatchNorm1d layer(1);
  {
    const NoGrad guard;
    CHECK_FALSE(layer(Tensor::from({1.F, 3.F}, {2, 1})).requires_grad());
  }
  CHECK(layer.num_batches_tracked() == 1);
  CHECK_FALSE(layer.running_mean().requires_grad());
  CHECK_FALSE(layer.running_var().requires_grad());
}

TEST_CASE("BatchNorm: a batch of 0 gives an empty output and moves nothing") {
  nn::BatchNorm2d layer(3);
  for (const bool train : {true, false}) {
    if (!train) layer.eval();
    const Variable y = layer(Tensor::empty({0, 3, 4, 4}));
    CHECK(y.shape() == Shape{0, 3, 4, 4});
    y.backward(Tensor::empty({0, 3, 4, 4}));
    CHECK(floats(Variable(layer.weight().grad())) == std::vector<float>(3, 0));
  }
  CHECK(layer.num_batches_tracked() == 0);
  CHECK(floats(layer.running_var()) == std::vector<float>(3, 1));
}

TEST_CASE("BatchNorm: wrong inputs are named with both shapes and change nothing") {
  nn::BatchNorm1d one(3);
  nn::BatchNorm2d two(3);
  CHECK(error_of([&] {
          one(Tensor::zeros({4, 5}));
        }) == "[BatchNorm1d] expected input [n, 3] or [n, 3, l], got [4, 5]");
  CHECK(error_of([&] {
          one(Tensor::zeros({4, 3, 2, 2}));
        }) == "[BatchNorm1d] expected input [n, 3] or [n, 3, l], got [4, 3, 2, 2]");
  CHECK(error_of([&] {
          two(Tensor::zeros({64, 1, 28, 28}));
        }) == "[BatchNorm2d] expected input [n, 3, h, w], got [64, 1, 28, 28]");
  CHECK(error_of([&] {
          two(Tensor::zeros({3, 4, 4}));
        }) == "[BatchNorm2d] expected input [n, 3, h, w], got [3, 4, 4]");
  CHECK(error_of([&] {
          one(Tensor::zeros({1, 3}));
        }) == "[batch_norm] one value per channel has no deviation to train with: [1, 3]");
  CHECK(error_of([&] {
          two(Tensor::zeros({1, 3, 1, 1}));
        }) == "[batch_norm] one value per channel has no deviation to train with: [1, 3, 1, 1]");
  for (const nn::BatchNorm* layer :
       {static_cast<nn::BatchNorm*>(&one), static_cast<nn::BatchNorm*>(&two)}) {
    CHECK(layer->num_batches_tracked() == 0);
    CHECK(floats(layer->running_mean()) == std::vector<float>(3, 0));
    CHECK(floats(layer->running_var()) == std::vector<float>(3, 1));
  }
}

TEST_CASE("BatchNorm: options that make no layer are refused") {
  nn::BatchNormOptions eps, momentum;
  eps.eps = -1;
  momentum.momentum = 1.5;
  CHECK(error_of([&] { nn::BatchNorm1d(3, eps); }) ==
        "[BatchNorm1d] eps must be in [0, inf), got -1");
  CHECK(error_of([&] { nn::BatchNorm2d(3, momentum); }) ==
        "[BatchNorm2d] momentum must be in [0, 1], got 1.5");
  CHECK(error_of([] { nn::BatchNorm2d(-1); }) ==
        "[BatchNorm2d] the number of channels must not be negative, got -1");
}

namespace {

nn::LayerNormOptions plain() { return {1e-5, nn::Affine::no}; }

}  // namespace

TEST_CASE("LayerNorm: each row by its own mean and deviation, in training and evaluation") {
  nn::LayerNorm layer(4, {0, nn::Affine::no});
  layer.to(DType::float64);
  const Tensor x = Tensor::from({1., 3., 5., 7., 10., 10., 20., 20.}, {2, 4});
  const Tensor y = layer(x).value();
  CHECK(y.at({0, 3}) == doctest::Approx(3 / std::sqrt(5.0)).epsilon(1e-15));
  CHECK(y.at({1, 0}) == doctest::Approx(-1).epsilon(1e-15));
  layer.eval();
  CHECK(layer(x).value().to_vector<double>() == y.to_vector<double>());
}

TEST_CASE("LayerNorm: one size is the last axis, several are the last ones") {
  const nn::LayerNorm one(4), several({3, 4});
  CHECK(one.weight().shape() == Shape{4});
  CHECK(several.weight().shape() == Shape{3, 4});
  CHECK(several.bias().shape() == Shape{3, 4});
  CHECK(several.weight().value().to_vector<float>() == std::vector<float>(12, 1));
  CHECK(several.bias().value().to_vector<float>() == std::vector<float>(12, 0));
  CHECK(several.parameters()[0].name == "weight");
  CHECK(several.parameters()[1].name == "bias");
  const nn::LayerNorm bare(4, plain());
  CHECK(bare.parameters().empty());
  CHECK_FALSE(bare.bias().defined());
}

TEST_CASE("LayerNorm: gradients, affine or not") {
  nn::LayerNorm one(4), several({3, 4}), bare(4, plain());
  for (nn::LayerNorm* layer : {&one, &several, &bare}) {
    layer->to(DType::float64);
    nn::gradcheck(*layer, normal({2, 3, 4}));
  }
}

TEST_CASE("LayerNorm: a batch of 0 gives an empty output") {
  nn::LayerNorm layer(4);
  CHECK(layer(Tensor::empty({0, 4})).shape() == Shape{0, 4});
}

TEST_CASE("LayerNorm: wrong inputs and options are named") {
  nn::LayerNorm layer(128), image({3, 4});
  CHECK(error_of([&] {
          layer(Tensor::zeros({64, 100}));
        }) == "[LayerNorm] expected an input that ends in [128], got [64, 100]");
  CHECK(error_of([&] { image(Tensor::zeros({4})); }) ==
        "[LayerNorm] expected an input that ends in [3, 4], got [4]");
  CHECK(error_of([] { nn::LayerNorm(Shape{}); }) == "[LayerNorm] no axis is to be normalized");
  CHECK(error_of([] {
          nn::LayerNorm({3, -4});
        }) == "[LayerNorm] sizes must not be negative, got [3, -4]");
  CHECK(error_of([] { nn::LayerNorm(3, {-1e-5}); }) ==
        "[LayerNorm] eps must be in [0, inf), got -1e-05");
}

TEST_CASE("GroupNorm: each group of channels of a sample by its own mean and deviation") {
  nn::GroupNorm layer(2, 4, {0, nn::Affine::no});
  layer.to(DType::float64);
  const Tensor x = Tensor::from({1., 3., 5., 7., 10., 10., 20., 20.}, {1, 4, 2});
  const Tensor y = layer(x).value();
  CHECK(y.at({0, 1, 1}) == doctest::Approx(3 / std::sqrt(5.0)).epsilon(1e-15));
  CHECK(y.at({0, 2, 0}) == doctest::Approx(-1).epsilon(1e-15));
  CHECK(y.at({0, 3, 1}) == doctest::Approx(1).epsilon(1e-15));
  layer.eval();
  CHECK(layer(x).value().to_vector<double>() == y.to_vector<double>());
}

TEST_CASE("GroupNorm: weight and bias belong to channels") {
  const nn::GroupNorm layer(2, 6);
  CHECK(layer.weight().value().to_vector<float>() == std::vector<float>(6, 1));
  CHECK(layer.bias().value().to_vector<float>() == std::vector<float>(6, 0));
  CHECK(layer.parameters()[0].name == "weight");
  CHECK(layer.parameters()[1].name == "bias");
  const nn::GroupNorm bare(2, 6, {1e-5, nn::Affine::no});
  CHECK(bare.parameters().empty());
  CHECK_FALSE(bare.weight().defined());
}

TEST_CASE("GroupNorm: gradients for inputs of any rank, affine or not") {
  nn::GroupNorm layer(2, 4), each(4, 4), bare(2, 4, {1e-5, nn::Affine::no});
  for (nn::GroupNorm* norm : {&layer, &each, &bare}) {
    norm->to(DType::float64);
    nn::gradcheck(*norm, normal({2, 4, 3}));
    nn::gradcheck(*norm, normal({2, 4, 2, 2}));
  }
  nn::gradcheck(layer, normal({3, 4}));
}

TEST_CASE("GroupNorm: a batch of 0 gives an empty output") {
  nn::GroupNorm layer(2, 4);
  CHECK(layer(Tensor::empty({0, 4, 3})).shape() == Shape{0, 4, 3});
}

TEST_CASE("GroupNorm: wrong inputs and options are named") {
  nn::GroupNorm layer(2, 6);
  CHECK(error_of([&] {
          layer(Tensor::zeros({64, 4, 7, 7}));
        }) == "[GroupNorm] expected input [n, 6, ...], got [64, 4, 7, 7]");
  CHECK(error_of([&] { layer(Tensor::zeros({6})); }) ==
        "[GroupNorm] expected input [n, 6, ...], got [6]");
  CHECK(error_of([] { nn::GroupNorm(4, 6); }) == "[GroupNorm] 4 groups do not divide 6 channels");
  CHECK(error_of([] { nn::GroupNorm(0, 6); }) == "[GroupNorm] 0 groups do not divide 6 channels");
  CHECK(error_of([] { nn::GroupNorm(1, -6); }) ==
        "[GroupNorm] the number of channels must not be negative, got -6");
  CHECK(error_of([] { nn::GroupNorm(2, 6, {-1e-5}); }) ==
        "[GroupNorm] eps must be in [0, inf), got -1e-05");
}

TEST_CASE("RMSNorm: over the trailing axes, with a weight that starts as 1") {
  nn::RMSNorm layer(4);
  CHECK(layer.parameters().size() == 1);
  CHECK(layer.parameters().front().name == "weight");
  const Tensor y = layer(Tensor::full({2, 3, 4}, -7)).value();
  for (const float value : y.to_vector<float>()) CHECK(value == doctest::Approx(-1).epsilon(1e-5));
  nn::RMSNormOptions options;
  options.affine = nn::Affine::no;
  nn::RMSNorm plain(Shape{3, 4}, options);
  CHECK(plain.parameters().empty());
  CHECK(!plain.weight().defined());
  layer.to(DType::float64);
  Tensor x = Tensor::empty({2, 3, 4}, DType::float64);
  Generator(1).fill_normal(x);
  nn::gradcheck(layer, x);
  CHECK_THROWS_WITH_AS(layer(Tensor::zeros({2, 3})),
                       "[RMSNorm] expected an input that ends in [4], got [2, 3]", Error);
  CHECK_THROWS_WITH_AS(nn::RMSNorm(Shape{}), "[RMSNorm] no axis is to be normalized", Error);
  options.eps = -1;
  CHECK_THROWS_WITH_AS(nn::RMSNorm(4, options), "[RMSNorm] eps must be in [0, inf), got -1", Error);
}
