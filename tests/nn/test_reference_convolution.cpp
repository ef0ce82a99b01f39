// The convolution layers, and a small net of them, against PyTorch 1.13:
// tests/reference/convolution_layer.txt.
#include <doctest/doctest.h>

#include <plumb/nn.hpp>

#include "../reference/check.hpp"
#include "../reference/convolution.hpp"

using namespace plumb;
using namespace plumb::test;

namespace {

using Inputs = std::vector<Variable>;
using Constants = std::vector<Tensor>;

Variable bias_of(const Inputs& in) { return in.size() == 3 ? in[2] : Variable(); }

Variable net(const Options&, const Inputs& in, const Constants&) {
  nn::Sequential model{nn::Conv2d(in[1], in[2], {1, 2}),
                       nn::ReLU(),
                       nn::Conv2d(in[3], in[4], {2}),
                       nn::Tanh(),
                       nn::Flatten(),
                       nn::Linear(in[5], in[6])};
  return model(in[0]);
}

const Table& convolution_layers() {
  static const Table table = {
      {"Conv1d",
       [](const Options& o, const Inputs& in, const Constants&) {
         return nn::Conv1d(in[1], bias_of(in), conv1d_options(o))(in[0]);
       }},
      {"Conv2d",
       [](const Options& o, const Inputs& in, const Constants&) {
         return nn::Conv2d(in[1], bias_of(in), conv2d_options(o))(in[0]);
       }},
      {"ConvTranspose1d",
       [](const Options& o, const Inputs& in, const Constants&) {
         return nn::ConvTranspose1d(in[1], bias_of(in), conv_transpose1d_options(o))(in[0]);
       }},
      {"ConvTranspose2d",
       [](const Options& o, const Inputs& in, const Constants&) {
         return nn::ConvTranspose2d(in[1], bias_of(in), conv_transpose2d_options(o))(in[0]);
       }},
      {"net", net},
  };
  return table;
}

}  // namespace

TEST_CASE("reference: convolution layers agree with PyTorch in float64") {
  check_reference("convolution_layer", convolution_layers(), DType::float64);
}

TEST_CASE("reference: convolution layers agree with PyTorch in float32") {
  check_reference("convolution_layer", convolution_layers(), DType::float32);
}

TEST_CASE("reference: convolution layers pass gradcheck") {
  check_gradients("convolution_layer", convolution_layers());
}

TEST_CASE("reference: every convolution layer of the table has a case") {
  CHECK(uncovered("convolution_layer", convolution_layers()) == "");
}

TEST_CASE("reference: convolution layers, gradients of gradients") {
  check_second_gradients("convolution_layer", convolution_layers());
  std::map<std::string, int> checked;
  check_second_reference("convolution_layer", convolution_layers(), DType::float64, checked);
  CHECK(checked.size() > 1);
}
