// Every layer, and a small model, against PyTorch 1.13: tests/reference/layer.txt.
#include <doctest/doctest.h>

#include <plumb/nn/activation.hpp>
#include <plumb/nn/dropout.hpp>
#include <plumb/nn/linear.hpp>
#include <plumb/nn/loss.hpp>
#include <plumb/nn/sequential.hpp>
#include <plumb/nn/shape.hpp>

#include "../reference/check.hpp"

using namespace plumb;
using namespace plumb::test;

namespace {

using Inputs = std::vector<Variable>;
using Constants = std::vector<Tensor>;

template <class L>
Operation plain() {
  return [](const Options&, const Inputs& in, const Constants&) { return L()(in[0]); };
}

// A layer whose only argument is a number, with its default where the option is not given.
template <class L, class Number>
Operation with_option(const char* name) {
  return [name](const Options& o, const Inputs& in, const Constants&) {
    return o.has(name) ? L(static_cast<Number>(o.number(name, 0)))(in[0]) : L()(in[0]);
  };
}

Variable linear_layer(const Options&, const Inputs& in, const Constants&) {
  return in.size() == 2 ? nn::Linear(in[1])(in[0]) : nn::Linear(in[1], in[2])(in[0]);
}

Variable softplus_layer(const Options& o, const Inputs& in, const Constants&) {
  if (!o.has("beta")) return nn::Softplus()(in[0]);
  return nn::Softplus(o.number("beta", 1), o.number("threshold", 20))(in[0]);
}

Variable dropout_layer(const Options& o, const Inputs& in, const Constants&) {
  nn::Dropout layer(0.5, Generator(1, Stream::dropout));
  if (o.flag("eval")) layer.eval();
  return layer(in[0]);
}

Variable sequential_model(const Options& o, const Inputs& in, const Constants& constants) {
  nn::Sequential model{nn::Flatten(), nn::Linear(in[1], in[2]),
                       nn::Tanh(),    nn::Linear(in[3], in[4]),
                       nn::GELU(),    nn::Linear(in[5], in[6])};
  const Variable logits = model(in[0]);
  return o.text("loss").empty() ? logits : nn::cross_entropy(logits, constants[0]);
}

const Table& layers() {
  static const Table table = {
      {"ReLU", plain<nn::ReLU>()},
      {"LeakyReLU", with_option<nn::LeakyReLU, double>("slope")},
      {"ELU", with_option<nn::ELU, double>("alpha")},
      {"GELU",
       [](const Options& o, const Inputs& in, const Constants&) {
         return o.text("form") == "tanh" ? nn::GELU(Gelu::tanh)(in[0]) : nn::GELU()(in[0]);
       }},
      {"SiLU", plain<nn::SiLU>()},
      {"Softplus", softplus_layer},
      {"Tanh", plain<nn::Tanh>()},
      {"Sigmoid", plain<nn::Sigmoid>()},
      {"Softmax", with_option<nn::Softmax, int>("axis")},
      {"LogSoftmax", with_option<nn::LogSoftmax, int>("axis")},
      {"Flatten", with_option<nn::Flatten, int>("start")},
      {"Identity", plain<nn::Identity>()},
      {"Dropout", dropout_layer},
      {"Linear", linear_layer},
      {"Sequential", sequential_model},
  };
  return table;
}

}  // namespace

TEST_CASE("reference: layers agree with PyTorch in float64") {
  check_reference("layer", layers(), DType::float64);
}

TEST_CASE("reference: layers agree with PyTorch in float32") {
  check_reference("layer", layers(), DType::float32);
}

TEST_CASE("reference: layers pass gradcheck") { check_gradients("layer", layers()); }

TEST_CASE("reference: every layer of the table has a case") {
  CHECK(uncovered("layer", layers()) == "");
}

TEST_CASE("reference: layers, gradients of gradients") {
  check_second_gradients("layer", layers());
  std::map<std::string, int> checked;
  check_second_reference("layer", layers(), DType::float64, checked);
  CHECK(checked.size() > 1);
}
