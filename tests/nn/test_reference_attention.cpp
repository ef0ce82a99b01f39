// Attention and transformer layers against PyTorch 1.13: tests/reference/attention_layer.txt.
#include <doctest/doctest.h>

#include <plumb/autograd/internal/gradients_or_zeros.hpp>
#include <plumb/autograd/ops/arithmetic.hpp>
#include <plumb/autograd/record.hpp>
#include <plumb/nn/transformer.hpp>

#include "../reference/check.hpp"

using namespace plumb;
using namespace plumb::test;

namespace {

using Inputs = std::vector<Variable>;
using Constants = std::vector<Tensor>;

// y, which depends on the leaves, as an operation on the variables `in` that stand for them; its
// gradients are such operations in turn.
Variable from_outside(const Variable& y, const Inputs& leaves, const Inputs& in) {
  return record("layer", y.value(), in, [y, leaves](const Variable& g, Gradients& to) {
    if (!to.recorded()) {
      const auto gradients = detail::gradients_or_zeros({y}, leaves, {g.value()});
      for (std::size_t i = 0; i < leaves.size(); ++i) to.give(i, gradients[i]);
      return;
    }
    Inputs inside = leaves, outside;
    inside.push_back(Variable::leaf(g.value()));
    for (const Variable& leaf : leaves) outside.push_back(to.input(outside.size(), leaf.value()));
    outside.push_back(g);
    const auto gradients = grad({y}, leaves, {inside.back()}, create_graph);
    for (std::size_t i = 0; i < leaves.size(); ++i)
      to.give(i, from_outside(gradients[i], inside, outside));
  });
}

// f of the first `count` inputs, with the others as values of the module's parameters in their order:
// an operation with gradients of all of them.
template <class F>
Variable as_operation(nn::Module& module, const Inputs& in, std::size_t count, F f) {
  const Parameters parameters = module.parameters();
  REQUIRE(parameters.size() + count == in.size());
  std::vector<Variable> leaves;
  for (std::size_t i = 0; i < in.size(); ++i) {
    Variable leaf = i < count ? Variable::leaf(in[i].value()) : parameters[i - count].variable;
    REQUIRE(leaf.shape() == in[i].shape());
    if (i >= count) leaf.set_value(in[i].value());
    leaves.push_back(leaf);
  }
  const Variable y = f(leaves);
  return from_outside(y, leaves, in);
}

Tensor lengths_or_none(const Constants& constants) {
  return constants.empty() ? Tensor() : constants[0];
}

// y with 0 past the lengths, where PyTorch has another value.
Variable valid(const Variable& y, const Tensor& lengths) {
  if (!lengths.defined()) return y;
  Tensor mask = Tensor::zeros({y.dim(0), y.dim(1), 1}, y.dtype());
  for (std::int64_t n = 0; n < y.dim(0); ++n)
    mask.rows(n, n + 1)
        .reshape({-1, 1})
        .rows(0, static_cast<std::int64_t>(lengths.at({n})))
        .fill(1);
  return y * mask;
}

Variable attention_layer(const Options& o, const Inputs& in, const Constants& constants) {
  Generator generator(1);
  nn::MultiheadAttentionOptions options;
  if (o.flag("causal")) options.causal = Causal::yes;
  if (o.text("bias") == "no") options.bias = nn::Bias::no;
  nn::MultiheadAttention layer(in[0].dim(2), o.integer("heads", 0), generator, options);
  const Tensor lengths = lengths_or_none(constants);
  if (!o.flag("memory"))
    return as_operation(layer, in, 1,
                        [&](const Inputs& x) { return valid(layer(x[0], lengths), lengths); });
  AttentionMask mask;
  mask.key_lengths = lengths;
  return as_operation(layer, in, 2,
                      [&](const Inputs& x) { return layer.attend(x[0], x[1], mask); });
}

nn::TransformerOptions transformer_options(const Options& o) {
  nn::TransformerOptions options;
  options.feed_forward = o.integer("feed_forward", 0);
  options.dropout = 0;
  if (o.flag("causal")) options.causal = Causal::yes;
  if (o.flag("pre")) options.norm = nn::NormOrder::pre;
  if (o.text("activation") == "gelu") options.activation = nn::FeedForward::gelu;
  return options;
}

Variable encoder_layer(const Options& o, const Inputs& in, const Constants& constants) {
  Generator generator(1);
  nn::TransformerEncoderLayer layer(in[0].dim(2), o.integer("heads", 0), generator,
                                    transformer_options(o));
  const Tensor lengths = lengths_or_none(constants);
  return as_operation(layer, in, 1,
                      [&](const Inputs& x) { return valid(layer(x[0], lengths), lengths); });
}

Variable decoder_layer(const Options& o, const Inputs& in, const Constants& constants) {
  Generator generator(1);
  nn::TransformerDecoderLayer layer(in[0].dim(2), o.integer("heads", 0), generator,
                                    transformer_options(o));
  const Tensor lengths = lengths_or_none(constants);
  return as_operation(layer, in, 2,
                      [&](const Inputs& x) { return layer(x[0], x[1], Tensor(), lengths); });
}

const Table& attention_layers() {
  static const Table table = {
      {"MultiheadAttention", attention_layer},
      {"TransformerEncoderLayer", encoder_layer},
      {"TransformerDecoderLayer", decoder_layer},
  };
  return table;
}

}  // namespace

TEST_CASE("reference: attention layers agree with PyTorch in float64") {
  check_reference("attention_layer", attention_layers(), DType::float64);
}

TEST_CASE("reference: attention layers agree with PyTorch in float32") {
  check_reference("attention_layer", attention_layers(), DType::float32);
}

TEST_CASE("reference: attention layers pass gradcheck") {
  check_gradients("attention_layer", attention_layers());
}

TEST_CASE("reference: every attention layer has a case") {
  CHECK(uncovered("attention_layer", attention_layers()) == "");
}

TEST_CASE("reference: attention layers, gradients of gradients") {
  std::map<std::string, int> checked;
  check_second_reference("attention_layer", attention_layers(), DType::float64, checked);
  CHECK(checked.size() > 1);
}
