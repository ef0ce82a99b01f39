#include <doctest/doctest.h>

#include <plumb/nn.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"
#include "../support/random.hpp"

using namespace plumb;
using namespace plumb::test;

namespace {

LogMelOptions few_bands() {
  LogMelOptions options;
  options.fft = 32;
  options.window = 24;
  options.hop = 10;
  options.bands = 5;
  return options;
}

}  // namespace

TEST_CASE("nn::LogMel: plumb::LogMel of every sound") {
  for (const std::int64_t cepstra : {0, 3}) {
    LogMelOptions options = few_bands();
    options.cepstra = cepstra;
    nn::LogMel layer(options);
    for (const std::int64_t samples : {1, 24, 50, 54}) {
      const Tensor x = normal({2, samples});
      const Tensor y = layer(x).value();
      const LogMel& mel = layer.features();
      REQUIRE(y.shape() == Shape{2, mel.frames(samples), mel.features()});
      for (const std::int64_t i : {0, 1})
        CHECK(deviation(y.rows(i, i + 1).reshape({-1, mel.features()}),
                        mel(x.rows(i, i + 1).reshape({samples}))) < 1e-12);
    }
  }
}

TEST_CASE("nn::LogMel: its gradient reaches the samples") {
  LogMelOptions options = few_bands();
  options.cepstra = 4;
  options.floor = 0.1;
  nn::LogMel layer(options);
  CHECK_NOTHROW(nn::gradcheck(layer, normal({2, 50})));
}

TEST_CASE("nn::LogMel: no sounds, no samples, other shapes") {
  nn::LogMel layer;
  CHECK(layer(Tensor::zeros({0, 300})).shape() == Shape{0, 3, 40});
  CHECK(layer(Tensor::zeros({2, 0})).shape() == Shape{2, 0, 40});
  CHECK(error_of([&] { layer(Tensor::zeros({8000})); }) ==
        "[LogMel] expected sounds [n, samples], got [8000]");
}
