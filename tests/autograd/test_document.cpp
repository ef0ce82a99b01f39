// The examples of docs/autograd.md.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <plumb/autograd.hpp>
#include <plumb/nn.hpp>

#include "../support/document.hpp"
#include "../support/temporary_folder.hpp"

using namespace plumb;

namespace {

// y = x^2 / (1 + x^2);  dx = g 2x / (1 + x^2)^2
Variable saturating_square(const Variable& x) {
  const Tensor square = x.value() * x.value();
  return record("saturating_square", square / (1 + square), {x},
                [x = Saved(x)](const Tensor& g, Gradients& to) {
                  const Tensor d = 1 + x.get() * x;
                  to.give(0, g * 2 * x / (d * d));
                });
}

// y = x^2 / (1 + x^2);  dx = g 2x / (1 + x^2)^2
Variable saturating_square_of_any_order(const Variable& x) {
  const Tensor square = x.value() * x.value();
  return record("saturating_square", square / (1 + square), {x},
                [saved = Saved(x)](const Variable& g, Gradients& to) {
                  const Variable x = to.input(0, saved);
                  const Variable d = 1 + x * x;
                  to.give(0, g * 2 * x / (d * d));
                });
}

// The residual of u_t = a u_xx at points x and t, [n, 1] each.
Variable residual(nn::Layer& u, const Variable& x, const Variable& t, double a) {
  const Variable y = u(concat({x, t}, 1));
  const std::vector<Variable> first = grad({sum(y)}, {x, t}, {}, create_graph);  // u_x, u_t
  const Variable u_xx = grad({sum(first[0])}, {x}, {}, create_graph)[0];
  return first[1] - a * u_xx;
}

// The largest eigenvalue of the Hessian, in magnitude, by power iteration.
double sharpness(const Variable& loss, const std::vector<Variable>& w, std::vector<Tensor> v,
                 int iterations) {
  const std::vector<Variable> g = grad({loss}, w, {}, create_graph);
  double eigenvalue = 0;
  for (int i = 0; i < iterations; ++i) {
    const std::vector<Tensor> product = grad(g, w, v, retain_graph);  // H v
    double along = 0, length = 0, before = 0;
    for (std::size_t k = 0; k < v.size(); ++k) {
      along += sum(v[k] * product[k]).item();
      before += sum(v[k] * v[k]).item();
      length += sum(product[k] * product[k]).item();
    }
    eigenvalue = along / before;
    for (std::size_t k = 0; k < v.size(); ++k) v[k] = product[k] / std::sqrt(length);
  }
  return eigenvalue;
}

// sqrt x for x > 0, x elsewhere
Variable root_or_itself(const Variable& x) {
  const Tensor positive = x > 0;
  return where(positive, sqrt(where(positive, x, Tensor::ones({}, x.dtype()))), x);
}

}  // namespace

TEST_CASE("docs/autograd.md: the safe form of where") {
  const Variable x = Variable::leaf(Tensor::from({-1.F, 0.F, 4.F}));
  const Variable y = root_or_itself(x);
  CHECK(y.value().to_vector<float>() == std::vector<float>{-1, 0, 2});
  y.backward(Tensor::ones({3}));
  CHECK(x.grad().to_vector<float>() == std::vector<float>{1, 1, 0.25F});
}

TEST_CASE("docs/autograd.md: an operation of one's own") {
  gradcheck([](const std::vector<Variable>& x) { return saturating_square(x[0]); },
            {Tensor::from({-2., 0., 0.5})});
}

TEST_CASE("docs/autograd.md: a rule of variables") {
  gradgradcheck([](const std::vector<Variable>& x) { return saturating_square_of_any_order(x[0]); },
                {Tensor::from({-2., 0., 0.5})});
}

TEST_CASE("docs/autograd.md: a residual of second derivatives") {
  // u = w_2 tanh(w_1 [x, t])
  nn::Sequential u{nn::Linear(Variable::leaf(Tensor::from({0.5, -0.25}, {1, 2}))), nn::Tanh(),
                   nn::Linear(Variable::leaf(Tensor::from({2.0}, {1, 1})))};
  const Variable x = Variable::leaf(Tensor::from({0.3}, {1, 1}));
  const Variable t = Variable::leaf(Tensor::from({0.8}, {1, 1}));
  const double y = std::tanh(0.5 * 0.3 - 0.25 * 0.8), slope = 1 - y * y;
  CHECK(residual(u, x, t, 0.1).item() ==
        doctest::Approx(-0.5 * slope - 0.1 * 2 * 0.25 * -2 * y * slope));
}

TEST_CASE("docs/autograd.md: the sharpness of a parabola") {
  const Variable w = Variable::leaf(Tensor::from({1.0, -2.0}));
  const Variable loss = sum(Tensor::from({1.5, 0.5}) * w * w);
  CHECK(sharpness(loss, {w}, {Tensor::ones({2}, DType::float64)}, 20) == doctest::Approx(3));
}

TEST_CASE("docs/autograd.md: shapes and sums of products") {
  const Variable x = Variable::leaf(Tensor::ones({8, 10, 96}));    // [n, steps, 3 d]
  const std::vector<Variable> qkv = chunk(x, 3, -1);               // three of [n, steps, d]
  const Variable scores = einsum("nqd,nkd->nqk", qkv[0], qkv[1]);  // q k^T of each n
  const Tensor hidden = Tensor::zeros({10, 10}, DType::uint8);  // 1 where a key is not to be seen
  const Variable seen = masked_fill(scores, hidden, -INFINITY);
  const Variable read = einsum("nqk,nkd->nqd", softmax(seen, -1), qkv[2]);
  const Variable border = pad(read, {0, 0, 2, 2}, PadMode::reflect);  // [n, steps + 4, d]
  CHECK(border.shape() == Shape{8, 14, 32});
  CHECK(border[0][0][0].item() == doctest::Approx(1));
}

TEST_CASE("docs/autograd.md: where the time goes") {
  const Variable w = Variable::leaf(Tensor::ones({64, 784}));
  const Tensor x = Tensor::ones({32, 784});
  const Profile profile;
  sum(tanh(linear(x, w))).backward();
  std::puts(to_string(profile).c_str());
  for (const ProfileRow& row : profile.rows())
    if (row.operation == "linear" && row.phase == Phase::backward)
      std::printf("%.1f GFLOP/s\n", row.flops / row.seconds * 1e-9);
  CHECK(profile.rows().size() == 6);
}

TEST_CASE("docs/autograd.md: a trace") {
  const test::TemporaryFolder folder;
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  const Variable w = Variable::leaf(Tensor::ones({64, 784}));
  const Tensor x = Tensor::ones({32, 784});
  const Trace trace;
  sum(tanh(linear(x, w))).backward();
  trace.write("step.json");  // a bar for each: linear, tanh, ..., linear backward
  CHECK(test::read_file("step.json").find("\"linear backward\"") != std::string::npos);
  std::filesystem::current_path(before);
}

TEST_CASE("docs/autograd.md: attention") {
  const Variable x = Variable::leaf(Tensor::ones({2, 10, 3 * 16}));  // queries, keys, values
  AttentionMask mask;
  mask.causal = Causal::yes;
  mask.key_lengths = Tensor::from<std::int64_t>({10, 4});
  const Variable y = multi_head_attention(x, /*heads=*/4, mask);  // [2, 10, 16]
  CHECK(y.shape() == Shape{2, 10, 16});
}

TEST_CASE("docs/autograd.md: its code is that of this file") {
  CHECK(test::code_missing_from("docs/autograd.md", {__FILE__}) == "");
}
