// Second derivatives of whole networks.
#include <doctest/doctest.h>

#include <cmath>
#include <plumb/core/tensor/hash.hpp>
#include <plumb/examples/support/digit_nets.hpp>
#include <plumb/nn.hpp>

#include "../support/compare.hpp"
#include "../support/random.hpp"
#include "../support/threads.hpp"

using namespace plumb;
using namespace plumb::test;

namespace {

// LeNet on four images, in float64: its Hessian times a vector, exactly and by differences.
class Curvature {
 public:
  Curvature() : net_(digit_nets::lenet(generator_)) {
    net_.to(DType::float64);
    for (const Parameter& p : net_.parameters()) weights_.push_back(p.variable);
  }

  std::vector<Tensor> random_direction() const {
    std::vector<Tensor> v;
    for (const Variable& w : weights_) v.push_back(normal(w.shape(), DType::float64, v.size() + 1));
    return scaled(v, 1 / length(v));
  }
  std::vector<Tensor> exact(const std::vector<Tensor>& v) { return hvp(loss(), weights_, v); }
  std::vector<Tensor> by_differences(const std::vector<Tensor>& v) {
    constexpr double step = 1e-6;
    const std::vector<Tensor> above = gradient_at(v, step), below = gradient_at(v, -step);
    std::vector<Tensor> product;
    for (std::size_t i = 0; i < v.size(); ++i)
      product.push_back((above[i] - below[i]) / (2 * step));
    return product;
  }

  static double dot(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
    double all = 0;
    for (std::size_t i = 0; i < a.size(); ++i) all += sum(a[i] * b[i]).item();
    return all;
  }
  static double length(const std::vector<Tensor>& v) { return std::sqrt(dot(v, v)); }
  static std::vector<Tensor> scaled(const std::vector<Tensor>& v, double factor) {
    std::vector<Tensor> all;
    for (const Tensor& each : v) all.push_back(each * factor);
    return all;
  }

 private:
  Variable loss() { return cross_entropy(net_(x_), targets_); }
  std::vector<Tensor> gradient_at(const std::vector<Tensor>& v, double step) {
    const auto move = [&](double by) {
      for (std::size_t i = 0; i < v.size(); ++i) {
        Tensor w = weights_[i].value();
        w.copy_from(w + v[i] * by);
      }
    };
    move(step);
    const std::vector<Tensor> gradients = grad({loss()}, weights_);
    move(-step);
    return gradients;
  }

  Generator generator_{1};
  nn::Sequential net_;
  std::vector<Variable> weights_;
  Tensor x_ = normal({4, 1, 28, 28});
  Tensor targets_ = Tensor::from<std::int64_t>({3, 1, 4, 1});
};

// The largest eigenvalue, in magnitude, by 20 steps of power iteration.
template <class Product>
double largest_eigenvalue(std::vector<Tensor> v, Product product) {
  double eigenvalue = 0;
  for (int i = 0; i < 20; ++i) {
    const std::vector<Tensor> next = product(v);
    eigenvalue = Curvature::dot(v, next);
    v = Curvature::scaled(next, 1 / Curvature::length(next));
  }
  return eigenvalue;
}

}  // namespace

TEST_CASE("second order: LeNet's Hessian times a vector agrees with differences of gradients") {
  Curvature curvature;
  const std::vector<Tensor> v = curvature.random_direction();
  const std::vector<Tensor> exact = curvature.exact(v), numeric = curvature.by_differences(v);
  for (std::size_t i = 0; i < v.size(); ++i) CHECK(deviation(numeric[i], exact[i]) < 1e-5);
}

TEST_CASE("second order: LeNet's largest eigenvalue agrees with that by differences") {
  Curvature curvature;
  const auto v = curvature.random_direction();
  const double exact = largest_eigenvalue(v, [&](const auto& v) { return curvature.exact(v); });
  const double numeric =
      largest_eigenvalue(v, [&](const auto& v) { return curvature.by_differences(v); });
  CHECK(exact > 0);
  CHECK(std::abs(exact - numeric) < 1e-4 * exact);
}

TEST_CASE("second order: LeNet's Hessian has the same bits for 1 to 4 threads") {
  std::vector<std::uint64_t> first;
  for (const int threads : test::thread_counts()) {
    const Threads set(threads);
    Curvature curvature;
    std::vector<std::uint64_t> bits;
    for (const Tensor& product : curvature.exact(curvature.random_direction()))
      bits.push_back(hash(product));
    if (first.empty()) first = bits;
    CHECK(bits == first);
  }
}

TEST_CASE("second order: the gradient penalty of a critic trains its weights") {
  Generator generator(2);
  nn::Sequential critic{nn::Linear(2, 5, generator), nn::Tanh(), nn::Linear(5, 1, generator)};
  critic.to(DType::float64);
  const Variable x = Variable::leaf(normal({3, 2}));
  // (|d critic / dx| - 1)^2, Gulrajani et al. 2017, "Improved training of Wasserstein GANs", eq. 3
  const auto penalty = [&] {
    const Variable slope = grad({sum(critic(x))}, {x}, {}, create_graph)[0];
    const Variable excess = norm(slope, 1) - 1.0;
    return mean(excess * excess);
  };
  penalty().backward();
  const Variable weight = critic.parameters()[0].variable;
  const Tensor gradient = weight.grad();
  Tensor value = weight.value();
  for (std::int64_t i = 0; i < value.numel(); ++i) {
    const double step = 1e-6, before = value.data<double>()[i];
    value.mutable_data<double>()[i] = before + step;
    const double above = penalty().item();
    value.mutable_data<double>()[i] = before - step;
    const double below = penalty().item();
    value.mutable_data<double>()[i] = before;
    CHECK(gradient.data<double>()[i] ==
          doctest::Approx((above - below) / (2 * step)).epsilon(1e-6));
  }
}

TEST_CASE("nn::gradgradcheck: layers with parameters, dropout and lengths") {
  Generator generator(3);
  const auto checked = [](nn::Layer& layer, const Tensor& x) {
    layer.to(DType::float64);
    CHECK_NOTHROW(nn::gradgradcheck(layer, x));
  };
  nn::Sequential net{nn::Linear(3, 4, generator), nn::Dropout(0.5, Generator(4, Stream::dropout)),
                     nn::SiLU(), nn::Linear(4, 2, generator)};
  checked(net, normal({2, 3}));
  nn::BatchNorm1d norm(3);
  checked(norm, normal({4, 3}));
  nn::Conv1d conv(2, 3, 2, generator);
  checked(conv, normal({2, 2, 4}));
  nn::GRU gru(2, 3, generator);
  gru.to(DType::float64);
  CHECK_NOTHROW(nn::gradgradcheck(gru, normal({2, 3, 2}), Tensor::from<std::int64_t>({3, 1})));
  nn::Embedding embedding(4, 2, generator);
  checked(embedding, Tensor::from<std::int64_t>({1, 3, 1}));
}

TEST_CASE("nn::gradgradcheck: attention and transformer layers, with lengths") {
  Generator generator(5);
  const auto lengths = Tensor::from<std::int64_t>({2, 1});
  nn::MultiheadAttention attention(2, 1, generator);
  attention.to(DType::float64);
  CHECK_NOTHROW(nn::gradgradcheck(attention, normal({2, 2, 2}), lengths));
  nn::TransformerOptions options;
  options.feed_forward = 3;
  options.activation = nn::FeedForward::gelu;
  options.norm = nn::NormOrder::pre;
  nn::TransformerEncoderLayer encoder(2, 1, generator, options);
  encoder.to(DType::float64);
  CHECK_NOTHROW(nn::gradgradcheck(encoder, normal({2, 2, 2}), lengths));
  nn::TransformerDecoderLayer decoder(2, 1, generator, options);
  decoder.to(DType::float64);
  CHECK_NOTHROW(nn::gradgradcheck(decoder, [&](const auto& in) { return decoder(in[0], in[1]); },
                                  {normal({1, 2, 2}), normal({1, 2, 2})}));
}
