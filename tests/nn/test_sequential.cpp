#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <plumb/core/runtime/error.hpp>
#include <plumb/core/tensor/hash.hpp>
#include <plumb/nn.hpp>
#include <vector>

#include "../support/errors.hpp"
#include "../support/random.hpp"

using namespace plumb;
using plumb::test::error_of;

namespace {

class Net : public nn::Sequential {
 public:
  explicit Net(Generator& generator) : Sequential{nn::Linear(2, 3, generator), nn::ReLU()} {}
};

// Twice what Linear makes.
class Doubled : public nn::Linear {
 public:
  using Linear::Linear;
  Variable forward(const Variable& x) override { return Linear::forward(x) * 2.0; }
};

// |x|, which does not commute with taking the maximum.
class Folded : public nn::ReLU {
 public:
  Variable forward(const Variable& x) override { return abs(x); }
};

// x^2, which counts how often it has run by itself and how often together with a Tanh behind it.
class CountedSquare : public nn::Layer {
 public:
  Variable forward(const Variable& x) override {
    ++alone;
    return x * x;
  }
  nn::Fused fuse_with(nn::Layer& next) override {
    return fused<nn::Tanh>(*this, next, [](CountedSquare& square, nn::Tanh&, const Variable& x) {
      ++square.together;
      return tanh(x * x);
    });
  }

  int alone = 0, together = 0;
};

// x^3, which counts how often it has run together with a Tanh and a Sigmoid.
class CountedCube : public nn::Layer {
 public:
  Variable forward(const Variable& x) override { return x * x * x; }
  nn::Fused fuse_with_two(nn::Layer& next, nn::Layer& last) override {
    return fused<nn::Tanh, nn::Sigmoid>(
        *this, next, last,
        [](CountedCube& cube, nn::Tanh& tanh, nn::Sigmoid& sigmoid, const Variable& x) {
          ++cube.together;
          return sigmoid(tanh(x * x * x));
        });
  }

  int together = 0;
};

class QuietSquare : public CountedSquare {};

class LeakyTanh : public nn::Tanh {
 public:
  Variable forward(const Variable& x) override { return Tanh::forward(x) + 0.1 * x; }
};

class Nothing : public nn::Layer {
 public:
  Variable forward(const Variable&) override { return Variable(); }
};

class Unsure : public nn::Tanh {
 public:
  nn::Fused fuse_with(nn::Layer&) override { errors::fail("Unsure", "cannot say"); }
};

}  // namespace

TEST_CASE("Sequential: applies its layers in order and numbers them") {
  const Variable weight = Variable::leaf(Tensor::from({2.F}, {1, 1}));
  nn::Sequential model{nn::Linear(weight, Variable::leaf(Tensor::from({-3.F}))), nn::ReLU(),
                       std::make_shared<nn::LeakyReLU>()};
  CHECK(model.size() == 3);
  CHECK(model(Tensor::from({2.F}, {1, 1})).item() == 1);
  CHECK(model(Tensor::from({1.F}, {1, 1})).item() == 0);
  CHECK(model.parameters()[0].name == "0.weight");
  CHECK(model.parameters()[1].name == "0.bias");
  CHECK(model.children()[2].name == "2");
  CHECK(&model[2] == model.children()[2].module);
}

TEST_CASE("Sequential: empty it returns its input, and grows by push_back") {
  nn::Sequential model;
  const Variable x = Variable::leaf(Tensor::ones({2}));
  CHECK(model(x).same_as(x));
  Generator generator(1);
  nn::Linear& linear = model.push_back(nn::Linear(2, 3, generator));
  const std::shared_ptr<nn::Layer> shared = std::make_shared<nn::Tanh>();
  CHECK(&model.push_back(shared) == shared.get());
  model.push_back(shared);
  CHECK(model.size() == 3);
  CHECK(&model[0] == &linear);
  CHECK(model.modules().size() == 3);
  CHECK(model(x).shape() == Shape{3});
}

TEST_CASE("Sequential: nests, and still works after it was moved") {
  Generator generator(1);
  nn::Sequential inner{nn::Linear(2, 3, generator), nn::Tanh()};
  nn::Layer& first = inner[0];
  nn::Sequential outer{std::move(inner), nn::Linear(3, 1, generator)};
  const nn::Sequential& nested = dynamic_cast<const nn::Sequential&>(outer[0]);
  CHECK(&nested[0] == &first);
  nn::Sequential moved = std::move(outer);
  CHECK(moved.size() == 2);
  CHECK(moved.parameters()[0].name == "0.0.weight");
  CHECK(moved(Tensor::ones({4, 2})).shape() == Shape{4, 1});
}

TEST_CASE("Sequential: a class derived from it can be moved and nested") {
  Generator generator(1);
  Net net(generator);
  Net moved = std::move(net);
  CHECK(moved.size() == 2);
  nn::Sequential outer{std::move(moved), nn::Linear(3, 1, generator)};
  CHECK(outer[0].type_name() == "Net");
  CHECK(outer(Tensor::ones({1, 2})).shape() == Shape{1, 1});
}

TEST_CASE("Sequential: braces draw weights from left to right") {
  Generator generator(1);
  const nn::Sequential model{nn::Linear(2, 3, generator), nn::Linear(3, 4, generator)};
  Generator again(1);
  const nn::Linear first(2, 3, again);
  const nn::Linear second(3, 4, again);
  const Parameters parameters = model.parameters();
  CHECK(parameters[0].variable.value().to_vector<float>() ==
        first.weight().value().to_vector<float>());
  CHECK(parameters[3].variable.value().to_vector<float>() ==
        second.bias().value().to_vector<float>());
}

TEST_CASE("Sequential: gradients through all layers") {
  Generator generator(2);
  nn::Sequential model{nn::Flatten(), nn::Linear(4, 3, generator), nn::GELU(),
                       nn::Dropout(0.3, Generator(2, Stream::dropout)),
                       nn::Linear(3, 2, generator)};
  model.to(DType::float64);
  Tensor x = Tensor::empty({3, 2, 2}, DType::float64);
  generator.fill_normal(x);
  nn::gradcheck(model, x);
  model.eval();
  nn::gradcheck(model, x);
}

TEST_CASE("Sequential: a batch of 0 passes through") {
  Generator generator(2);
  nn::Sequential model{nn::Flatten(), nn::Linear(4, 3, generator), nn::ReLU(), nn::Softmax()};
  CHECK(model(Tensor::zeros({0, 2, 2})).shape() == Shape{0, 3});
}

TEST_CASE("Sequential: an index out of range is refused") {
  nn::Sequential model{nn::ReLU(), nn::ReLU()};
  CHECK_THROWS_WITH_AS(model[2], "[Sequential] index 2 is out of range [0, 2)", Error);
  CHECK_THROWS_WITH_AS(model[-1], "[Sequential] index -1 is out of range [0, 2)", Error);
}

TEST_CASE("Sequential: a ReLU before a MaxPool gives the bits of one after the other") {
  // Windows of negative elements, of equal ones, with NaN and infinities, and with zeros.
  Tensor values = Tensor::empty({3, 4, 12, 10});
  Generator(1).fill_uniform(values, -2, 1);
  float* x = values.mutable_data<float>();
  for (std::int64_t i = 0; i < values.numel(); i += 3) x[i] = static_cast<float>(i % 5 - 3);
  x[7] = std::numeric_limits<float>::quiet_NaN();
  x[100] = std::numeric_limits<float>::infinity();
  x[205] = -std::numeric_limits<float>::infinity();
  x[300] = -0.F;

  nn::ReLU relu;
  const auto pool =
      std::make_shared<nn::MaxPool2d>(Size2d(2, 3), MaxPool2dOptions{Size2d(2, 1), Size2d(1, 0)});
  nn::Sequential both{nn::ReLU(), pool};
  const Variable a = Variable::leaf(values), b = Variable::leaf(values);
  const Variable expected = (*pool)(relu(a)), y = both(b);
  CHECK(hash(y.value()) == hash(expected.value()));
  Tensor seed = Tensor::empty(y.shape());
  Generator(2).fill_uniform(seed, -1, 1);
  expected.backward(seed);
  y.backward(seed);
  CHECK(hash(b.grad()) == hash(a.grad()));
}

TEST_CASE("Sequential: a BatchNorm2d before a MaxPool2d gives the bits of one after the other") {
  const Tensor values = plumb::test::normal({5, 6, 9, 12}, DType::float32);
  const std::vector<MaxPool2dOptions> all = {
      {}, {2, 0}, {1, 0}, {Size2d(2), Size2d(1)}, {Size2d(2), 0, 2}, {2, 0, 1, CeilMode::yes}};
  for (const bool with_relu : {false, true})
    for (const bool training : {true, false})
      for (const MaxPool2dOptions& options : all) {
        nn::BatchNorm2d norm(6);
        const auto inner = std::make_shared<nn::BatchNorm2d>(6);
        nn::MaxPool2d pool(2, options);
        nn::Sequential both{inner};
        if (with_relu) both.push_back(nn::ReLU());
        both.push_back(nn::MaxPool2d(2, options));
        if (!training) norm.eval(), both.eval();
        const Variable a = Variable::leaf(values), b = Variable::leaf(values);
        const Variable middle = norm(a);
        const Variable expected = pool(with_relu ? relu(middle) : middle), y = both(b);
        CHECK(hash(y.value()) == hash(expected.value()));
        const Tensor seed = plumb::test::normal(y.shape(), DType::float32, 2);
        expected.backward(seed);
        y.backward(seed);
        CHECK(hash(b.grad()) == hash(a.grad()));
        CHECK(hash(inner->weight().grad()) == hash(norm.weight().grad()));
        CHECK(hash(inner->bias().grad()) == hash(norm.bias().grad()));
        CHECK(hash(inner->running_var().value()) == hash(norm.running_var().value()));
        CHECK(inner->num_batches_tracked() == norm.num_batches_tracked());
      }
}

TEST_CASE("Sequential: a Conv2d before a MaxPool2d gives the bits of one after the other") {
  const Tensor values = plumb::test::normal({3, 16, 13, 12}, DType::float32);
  const std::vector<MaxPool2dOptions> all = {
      {}, {2, 0}, {1, 0}, {Size2d(2), Size2d(1)}, {Size2d(2), 0, 2}, {2, 0, 1, CeilMode::yes}};
  for (const bool with_relu : {false, true})
    for (const std::int64_t side : {3, 5})
      for (const MaxPool2dOptions& options : all) {
        Generator generator(1);
        const auto conv = std::make_shared<nn::Conv2d>(16, 32, side, generator);
        nn::MaxPool2d pool(2, options);
        nn::Sequential both{conv};
        if (with_relu) both.push_back(nn::ReLU());
        both.push_back(nn::MaxPool2d(2, options));
        const Variable a = Variable::leaf(values), b = Variable::leaf(values);
        const Variable middle = (*conv)(a);
        const Variable expected = pool(with_relu ? relu(middle) : middle), y = both(b);
        CHECK(hash(y.value()) == hash(expected.value()));
        const Tensor seed = plumb::test::normal(y.shape(), DType::float32, 2);
        expected.backward(seed);
        const std::uint64_t weight = hash(conv->weight().grad()), bias = hash(conv->bias().grad());
        conv->zero_grad();
        y.backward(seed);
        CHECK(hash(b.grad()) == hash(a.grad()));
        CHECK(hash(conv->weight().grad()) == weight);
        CHECK(hash(conv->bias().grad()) == bias);
      }
}

TEST_CASE("Sequential: three layers of one's own run together where the first knows how") {
  nn::Sequential model;
  CountedCube& cube = model.push_back(CountedCube());
  model.push_back(nn::Tanh());
  model.push_back(nn::Sigmoid());
  model.push_back(nn::Tanh());
  const Tensor x = Tensor::from({0.5, -2.});
  const Variable expected = tanh(sigmoid(tanh(x * x * x)));
  CHECK(model(x).value().to_vector<double>() == expected.value().to_vector<double>());
  CHECK(cube.together == 1);
  nn::Sequential other{CountedCube(), nn::Tanh(), nn::Tanh()};
  const Variable apart = tanh(tanh(x * x * x));
  CHECK(other(x).value().to_vector<double>() == apart.value().to_vector<double>());
}

TEST_CASE("Sequential: layers that run together name the one that refuses") {
  const auto check = [](nn::Sequential model, const Shape& input, const std::string& begin) {
    CAPTURE(begin);
    const std::string error = error_of([&] { model(Tensor::ones(input)); });
    CHECK(error.substr(0, begin.size()) == begin);
    CHECK(error == error_of([&] {
            Variable x = Tensor::ones(input);
            for (std::int64_t i = 0; i < model.size(); ++i) x = model[i](x);
          }));
  };
  using nn::BatchNorm2d, nn::MaxPool2d, nn::ReLU, nn::Sequential;
  check(Sequential{nn::Identity(), BatchNorm2d(1), ReLU(), MaxPool2d(2)}, {2, 1, 1, 3},
        "3: [max_pool2d] ");
  check(Sequential{BatchNorm2d(1), MaxPool2d(2)}, {2, 1, 3, 1}, "1: [max_pool2d] ");
  check(Sequential{BatchNorm2d(1), MaxPool2d(3)}, {2, 1, 3, 2}, "1: [max_pool2d] ");
  check(Sequential{BatchNorm2d(1), ReLU(), MaxPool2d(2)}, {1, 1, 1, 1}, "0: [batch_norm] ");
  check(Sequential{BatchNorm2d(1), ReLU(), MaxPool2d(2)}, {2, 3, 4, 4}, "0: [BatchNorm2d] ");
  check(Sequential{BatchNorm2d(1), MaxPool2d(2)}, {2, 3}, "0: [BatchNorm2d] ");
  const auto conv = [](const Conv2dOptions& options = {}) {
    Generator generator(1);
    return nn::Conv2d(16, 16, 3, generator, options);
  };
  check(Sequential{conv(), ReLU(), MaxPool2d(2)}, {2, 16, 3, 70}, "2: [max_pool2d] ");
  check(Sequential{conv({2}), MaxPool2d(2)}, {2, 16, 4, 9}, "1: [max_pool2d] ");
  check(Sequential{conv(), MaxPool2d(2)}, {2, 16, 2, 70}, "0: [conv2d] ");
  check(Sequential{conv(), MaxPool2d(2)}, {2, 8, 12, 12}, "0: [Conv2d] ");
  check(Sequential{ReLU(), nn::MaxPool1d(3)}, {2, 1, 2}, "1: [max_pool1d] ");
  check(Sequential{ReLU(), MaxPool2d(2)}, {2, 1, 1, 3}, "1: [max_pool2d] ");
  Generator generator(1);
  check(Sequential{nn::Linear(4, 2, generator), ReLU()}, {2, 3}, "0: [Linear] ");
}

TEST_CASE("Sequential: a ReLU behind a Linear gives the bits of one after the other") {
  Generator generator(1);
  const auto linear = std::make_shared<nn::Linear>(20, 33, generator);
  nn::ReLU relu;
  nn::Sequential both{linear, nn::ReLU()};
  Tensor values = Tensor::empty({40, 20});
  generator.fill_uniform(values, -1, 1);
  const Variable a = Variable::leaf(values), b = Variable::leaf(values);
  const Variable expected = relu((*linear)(a)), y = both(b);
  CHECK(hash(y.value()) == hash(expected.value()));
  Tensor seed = Tensor::empty(y.shape());
  generator.fill_uniform(seed, -1, 1);
  expected.backward(seed);
  const std::uint64_t weight = hash(linear->weight().grad()), bias = hash(linear->bias().grad());
  linear->zero_grad();
  y.backward(seed);
  CHECK(hash(b.grad()) == hash(a.grad()));
  CHECK(hash(linear->weight().grad()) == weight);
  CHECK(hash(linear->bias().grad()) == bias);
  CHECK_THROWS_WITH_AS(both(Tensor::zeros({2, 3})),
                       "0: [Linear] expected input [..., 20], got [2, 3]", Error);
}

TEST_CASE("Sequential: a class derived from Linear keeps its own forward before a ReLU") {
  const Variable weight = Variable::leaf(Tensor::from({3.F}, {1, 1}));
  nn::Sequential model{Doubled(weight), nn::ReLU()};
  CHECK(model(Tensor::from({1.F}, {1, 1})).item() == 6);
  CHECK(model(Tensor::from({-1.F}, {1, 1})).item() == 0);
}

TEST_CASE("Sequential: a ReLU before a MaxPool whose window holds only padding") {
  nn::Sequential model{nn::ReLU(), nn::MaxPool1d(2, {1, 1, 2})};
  const Tensor x = Tensor::ones({1, 1, 1});
  CHECK(model(x).item() == model[1](model[0](x)).item());
  CHECK(model(x).item() == -std::numeric_limits<double>::infinity());
}

TEST_CASE("Sequential: a class derived from ReLU keeps its own forward before a MaxPool") {
  nn::Sequential model{Folded(), nn::MaxPool1d(2)};
  CHECK(model(Tensor::from({-3.F, 2.F}, {1, 1, 2})).item() == 3);
}

TEST_CASE("Sequential: a layer of one's own runs together with the next where it knows how") {
  nn::Sequential model;
  CountedSquare& square = model.push_back(CountedSquare());
  const Tensor x = Tensor::from({0.5, -2.});
  CHECK(model(x).value().to_vector<double>() == (x * x).to_vector<double>());
  CHECK(square.alone == 1);
  model.push_back(nn::Tanh());
  CHECK(model(x).value().to_vector<double>() == tanh(x * x).value().to_vector<double>());
  CHECK(square.alone == 1);
  CHECK(square.together == 1);
  nn::Sequential moved = std::move(model);
  moved(x);
  CHECK(square.together == 2);
  nn::gradcheck(moved, x);
  CHECK(square.alone == 1);
}

TEST_CASE("Sequential: a layer that gives nothing to two that run together is found out") {
  nn::Sequential model{Nothing(), CountedSquare(), nn::Tanh()};
  CHECK_THROWS_WITH_AS(model(Tensor::ones({2})), "1: [CountedSquare] the input is undefined",
                       Error);
}

TEST_CASE("Sequential: layers run one by one while somebody watches") {
  nn::Sequential model;
  CountedSquare& square = model.push_back(CountedSquare());
  model.push_back(nn::Tanh());
  CHECK(nn::summary(model, {2}) ==
        "layer    type           output  parameters\n"
        "(model)  Sequential     [2]              0\n"
        "0        CountedSquare  [2]              0\n"
        "1        Tanh           [2]              0\n"
        "parameters: 0, trainable: 0\n");
  CHECK(square.alone == 1);
  CHECK(square.together == 0);
  model(Tensor::ones({2}));
  CHECK(square.together == 1);
}

TEST_CASE("Sequential: derived classes do not inherit what layers do together") {
  nn::Sequential first_derived;
  QuietSquare& quiet = first_derived.push_back(QuietSquare());
  first_derived.push_back(nn::Tanh());
  first_derived(Tensor::ones({2}));
  CHECK(quiet.together == 0);
  nn::Sequential next_derived{CountedSquare(), LeakyTanh()};
  CHECK(next_derived(Tensor::from({2.})).item() == doctest::Approx(std::tanh(4) + 0.4));
}

TEST_CASE("Sequential: is as it was where a layer throws when asked about the next") {
  nn::Sequential model{nn::ReLU(), Unsure()};
  CHECK_THROWS_WITH_AS(model.push_back(nn::Tanh()), "[Unsure] cannot say", Error);
  CHECK(model.size() == 2);
  CHECK(model.children().size() == 2);
  CHECK_THROWS_WITH_AS(model.push_back(std::shared_ptr<nn::Tanh>()), "[add] the module '2' is null",
                       Error);
}

namespace {

// y [n] = sum of x [n, steps] over the steps that are a sample's own.
class SumOfSteps : public nn::Layer {
 public:
  Variable forward(const Variable& x) override { return sum(x, {1}); }
  Variable forward_padded(const Variable& x, const Tensor& lengths) override {
    Tensor own = Tensor::zeros(x.shape(), x.dtype());
    for (std::int64_t i = 0; i < x.dim(0); ++i)
      for (std::int64_t t = 0; t < lengths.data<std::int64_t>()[i]; ++t)
        own.mutable_data<float>()[i * x.dim(1) + t] = 1;
    return forward(x * own);
  }
};

}  // namespace

TEST_CASE("Sequential: the lengths of padded sequences reach its layers") {
  nn::Sequential inner{nn::Tanh(), SumOfSteps()};
  nn::Sequential model{nn::Identity(), std::move(inner)};
  const Tensor x = Tensor::from<float>({0, 0, 0, 0, 0, 9}, {2, 3});
  const Tensor lengths = Tensor::from<std::int64_t>({3, 2});
  const auto second = [](const Variable& y) { return double{y.value().data<float>()[1]}; };
  CHECK(second(model(x)) == doctest::Approx(std::tanh(9.0)));
  CHECK(second(model(x, lengths)) == 0);
  CHECK(second(model(x, Tensor())) == doctest::Approx(std::tanh(9.0)));
}
