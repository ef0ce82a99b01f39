// The recurrent layers against PyTorch 1.13: tests/reference/recurrent_layer.txt, whose constants are
// the entries of PyTorch's state dicts.
#include <doctest/doctest.h>

#include <plumb/autograd/ops/shape.hpp>
#include <plumb/nn/recurrent.hpp>
#include <sstream>

#include "../reference/check.hpp"

using namespace plumb;
using namespace plumb::test;

namespace {

using Inputs = std::vector<Variable>;
using Constants = std::vector<Tensor>;

template <class O>
O options_of(const Options& o) {
  O options;
  options.layers = static_cast<int>(o.integer("layers", 1));
  if (o.flag("both")) options.directions = nn::Directions::both;
  if (o.integer("bias", 1) == 0) options.bias = nn::Bias::no;
  return options;
}

// Loads the constants under the names that PyTorch gives them, and takes the lengths behind them.
Tensor load(nn::Layer& layer, const Options& o, const Constants& constants) {
  std::istringstream names(o.text("names"));
  StateDict state;
  std::size_t next = 0;
  for (std::string name; std::getline(names, name, ',');) state.set(name, constants.at(next++));
  layer.to(constants.at(0).dtype());
  layer.load_state_dict(state);
  return next < constants.size() ? constants[next] : Tensor();
}

Variable carry_out(nn::Recurrent& layer, const Options& o, const Inputs& in,
                   const Constants& constants) {
  const Tensor lengths = load(layer, o, constants);
  RecurrentState state;
  if (o.flag("initial")) state.h = in.at(1);
  if (in.size() > 2) state.c = in[2];
  const RecurrentResult result = layer.run(in[0], {lengths, state});
  CHECK(result.last.h.dim(0) == layer.layers() * layer.directions());
  const auto rows = [&](const Variable& x) { return reshape(x, {-1, layer.hidden()}); };
  std::vector<Variable> all = {rows(result.y), rows(result.last.h)};
  if (result.last.c.defined()) all.push_back(rows(result.last.c));
  return concat(all, 0);
}

template <class L>
Variable layer_case(const Options& o, const Inputs& in, const Constants& constants) {
  Generator generator(1);
  L layer(in[0].dim(2), 3, generator, options_of<nn::RecurrentOptions>(o));
  return carry_out(layer, o, in, constants);
}

Variable rnn_case(const Options& o, const Inputs& in, const Constants& constants) {
  Generator generator(1);
  auto options = options_of<nn::RnnOptions>(o);
  if (o.text("activation") == "relu") options.activation = RnnActivation::relu;
  nn::RNN layer(in[0].dim(2), 3, generator, options);
  return carry_out(layer, o, in, constants);
}

const Table& recurrent_layers() {
  static const Table table = {
      {"RNN", rnn_case}, {"LSTM", layer_case<nn::LSTM>}, {"GRU", layer_case<nn::GRU>}};
  return table;
}

}  // namespace

TEST_CASE("reference: recurrent layers agree with PyTorch in float64") {
  check_reference("recurrent_layer", recurrent_layers(), DType::float64);
}

TEST_CASE("reference: recurrent layers agree with PyTorch in float32") {
  check_reference("recurrent_layer", recurrent_layers(), DType::float32);
}

TEST_CASE("reference: recurrent layers pass gradcheck") {
  check_gradients("recurrent_layer", recurrent_layers());
}

TEST_CASE("reference: every recurrent layer has a case") {
  CHECK(uncovered("recurrent_layer", recurrent_layers()) == "");
}

TEST_CASE("reference: recurrent layers, gradients of gradients") {
  check_second_gradients("recurrent_layer", recurrent_layers());
  std::map<std::string, int> checked;
  check_second_reference("recurrent_layer", recurrent_layers(), DType::float64, checked);
  CHECK(checked.size() > 1);
}
