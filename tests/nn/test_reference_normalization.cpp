// The normalization layers against PyTorch 1.13: tests/reference/normalization_layer.txt.
#include <doctest/doctest.h>

#include <plumb/nn/normalization.hpp>

#include "../reference/check.hpp"

using namespace plumb;
using namespace plumb::test;

namespace {

using Inputs = std::vector<Variable>;
using Constants = std::vector<Tensor>;

// Options that several layers have.
template <class O>
O common_options(const Options& o) {
  O options;
  if (o.has("eps")) options.eps = o.number("eps", 0);
  if (o.text("affine") == "no") options.affine = nn::Affine::no;
  return options;
}

nn::BatchNormOptions batch_norm_options(const Options& o) {
  auto options = common_options<nn::BatchNormOptions>(o);
  if (o.text("momentum") == "mean") {
    options.momentum.reset();
  } else if (o.has("momentum")) {
    options.momentum = o.number("momentum", 0);
  }
  if (o.text("track") == "no") options.track = nn::TrackStatistics::no;
  return options;
}

// Sets weight and bias to the first constants, trains on the others, and returns layer(x).
Variable carry_out(nn::Layer& layer, const Options& o, const Variable& x, Constants constants) {
  layer.to(x.dtype());
  if (o.text("affine") != "no") {
    StateDict state;
    state.set("weight", constants.at(0));
    state.set("bias", constants.at(1));
    layer.load_state_dict(state, nn::Match::lenient);
    constants.erase(constants.begin(), constants.begin() + 2);
  }
  for (const Tensor& batch : constants) layer(batch);
  if (!o.flag("train")) layer.eval();
  return layer(x);
}

template <class L>
Operation batch_norm_layer() {
  return [](const Options& o, const Inputs& in, const Constants& constants) {
    L layer(3, batch_norm_options(o));
    return carry_out(layer, o, in[0], constants);
  };
}

Variable layer_norm_layer(const Options& o, const Inputs& in, const Constants& constants) {
  nn::LayerNorm layer(Shape(o.list("shape")), common_options<nn::LayerNormOptions>(o));
  return carry_out(layer, o, in[0], constants);
}

Variable group_norm_layer(const Options& o, const Inputs& in, const Constants& constants) {
  nn::GroupNorm layer(o.integer("groups", 0), 4, common_options<nn::GroupNormOptions>(o));
  return carry_out(layer, o, in[0], constants);
}

const Table& normalization_layers() {
  static const Table table = {
      {"BatchNorm1d", batch_norm_layer<nn::BatchNorm1d>()},
      {"BatchNorm2d", batch_norm_layer<nn::BatchNorm2d>()},
      {"LayerNorm", layer_norm_layer},
      {"GroupNorm", group_norm_layer},
  };
  return table;
}

}  // namespace

TEST_CASE("reference: normalization layers agree with PyTorch in float64") {
  check_reference("normalization_layer", normalization_layers(), DType::float64);
}

TEST_CASE("reference: normalization layers agree with PyTorch in float32") {
  check_reference("normalization_layer", normalization_layers(), DType::float32);
}

TEST_CASE("reference: normalization layers pass gradcheck") {
  check_gradients("normalization_layer", normalization_layers());
}

TEST_CASE("reference: every normalization layer has a case") {
  CHECK(uncovered("normalization_layer", normalization_layers()) == "");
}

TEST_CASE("reference: normalizing layers, gradients of gradients") {
  check_second_gradients("normalization_layer", normalization_layers());
  std::map<std::string, int> checked;
  check_second_reference("normalization_layer", normalization_layers(), DType::float64, checked);
  CHECK(checked.size() > 1);
}
