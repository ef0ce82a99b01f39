// The example of docs/from_pytorch.md, compiled and compared with what the same page's PyTorch gave.
#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <map>
#include <plumb/plumb.hpp>
#include <sstream>

#include "../support/document.hpp"

using namespace plumb;

namespace {

class Block : public nn::Layer {
 public:
  Block(std::int64_t d, std::int64_t heads, Generator& generator)
      : heads_(heads),
        norm1_(add("norm1", nn::LayerNorm(d))),
        qkv_(add("qkv", nn::Linear(d, 3 * d, generator))),
        out_(add("out", nn::Linear(d, d, generator))),
        norm2_(add("norm2", nn::LayerNorm(d))),
        up_(add("up", nn::Linear(d, 4 * d, generator))),
        down_(add("down", nn::Linear(4 * d, d, generator))) {}

  Variable split(const Variable& x) {  // [n, t, d] -> [n, heads, t, d / heads]
    const std::int64_t n = x.dim(0), t = x.dim(1), d = x.dim(2);
    return transpose(reshape(x, {n, t, heads_, d / heads_}), 1, 2);
  }

  Variable attend(const Variable& x) {
    const std::int64_t n = x.dim(0), t = x.dim(1), d = x.dim(2);
    const std::vector<Variable> parts = chunk(qkv_(x), 3, -1);
    const Variable q = split(parts[0]), k = split(parts[1]), v = split(parts[2]);
    const Variable scores = matmul(q, transpose(k, 2, 3)) / std::sqrt(d / heads_);
    const Tensor steps = Tensor::arange(t);
    const Tensor future = steps.reshape({1, t}) > steps.reshape({t, 1});
    const Variable weights = softmax(masked_fill(scores, future, -INFINITY), -1);
    return out_(reshape(transpose(matmul(weights, v), 1, 2), {n, t, d}));
  }

  Variable forward(const Variable& x) override {
    const Variable y = x + attend(norm1_(x));
    return y + down_(gelu(up_(norm2_(y))));
  }

 private:
  std::int64_t heads_;
  nn::LayerNorm& norm1_;
  nn::Linear& qkv_;
  nn::Linear& out_;
  nn::LayerNorm& norm2_;
  nn::Linear& up_;
  nn::Linear& down_;
};

class Transformer : public nn::Layer {
 public:
  Transformer(std::int64_t classes, std::int64_t steps, std::int64_t d, std::int64_t heads,
              int layers, Generator& generator)
      : tokens_(add_parameter("tokens", drawn({classes, d}, generator))),
        positions_(add_parameter("positions", drawn({steps, d}, generator))),
        blocks_(add("blocks", nn::Sequential())),
        norm_(add("norm", nn::LayerNorm(d))),
        head_(add("head", nn::Linear(d, classes, generator))) {
    for (int i = 0; i < layers; ++i) blocks_.push_back(Block(d, heads, generator));
  }

  Variable forward(const Variable& x) override {  // classes [n, t] -> scores [n, t, classes]
    const std::int64_t n = x.dim(0), t = x.dim(1);
    const Variable h = reshape(index_select(tokens_, 0, x.value().reshape({-1})), {n, t, -1});
    return head_(norm_(blocks_(h + slice(positions_, 0, 0, t))));
  }

 private:
  static Tensor drawn(const Shape& shape, Generator& generator) {
    Tensor x = Tensor::empty(shape);
    generator.fill_normal(x);
    return x;
  }

  Variable tokens_, positions_;
  nn::Sequential& blocks_;
  nn::LayerNorm& norm_;
  nn::Linear& head_;
};

// The lines of tests/reference/transformer.txt: a name, and its numbers.
std::map<std::string, std::vector<double>> reference() {
  std::ifstream file(std::string(PLUMB_SOURCE_DIR) + "/tests/reference/transformer.txt");
  std::map<std::string, std::vector<double>> all;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string name;
    words >> name;
    for (double number; words >> number;) all[name].push_back(number);
  }
  return all;
}

// Weights as generate_transformer.py draws them: by their place among the sorted names.
void set_weights(Transformer& model) {
  model.to(DType::float64);
  const StateDict state = model.state_dict();
  double place = 0;
  for (const auto& [name, tensor] : state.tensors()) {
    Tensor values = tensor;  // shares memory
    double* value = values.mutable_data<double>();
    for (std::int64_t i = 0; i < values.numel(); ++i)
      value[i] = 0.5 * std::sin(1 + 0.7 * static_cast<double>(i) + 3 * place);
    ++place;
  }
}

void check_equal(const std::vector<double>& ours, const std::vector<double>& theirs) {
  REQUIRE(ours.size() == theirs.size());
  for (std::size_t i = 0; i < ours.size(); ++i) {
    CAPTURE(i);
    CHECK(std::abs(ours[i] - theirs[i]) <= 1e-10 * std::max(1.0, std::abs(theirs[i])));
  }
}

const Tensor x = Tensor::from<std::int64_t>({0, 3, 6, 1, 2, 5, 5, 4, 0, 6}, {2, 5});
const Tensor y = Tensor::from<std::int64_t>({3, 6, 1, 2, 0, 5, 4, 0, 6, 1}, {2, 5});

}  // namespace

TEST_CASE("document: docs/from_pytorch.md shows code that compiles") {
  CHECK(test::code_missing_from("docs/from_pytorch.md", {__FILE__}) == "");
}

TEST_CASE("from_pytorch: a transformer has the scores, losses and gradients of PyTorch's") {
  Generator generator(1);
  Transformer model(7, 6, 8, 2, 2, generator);
  set_weights(model);
  auto theirs = reference();
  REQUIRE(theirs.size() > 30);
  const Variable scores = model(x);
  CHECK(scores.shape() == Shape{2, 5, 7});
  check_equal(scores.value().to_vector<double>(), theirs.at("scores"));
  nn::token_cross_entropy(scores, y).backward();
  for (const Parameter& p : model.parameters()) {
    CAPTURE(p.name);
    const double norm = plumb::norm(Variable(p.variable.grad())).item();
    check_equal({norm}, theirs.at("gradient:" + p.name));
  }
}

TEST_CASE("from_pytorch: the transformer's losses of some steps are PyTorch's") {
  Generator generator(1);
  Transformer model(7, 6, 8, 2, 2, generator);
  set_weights(model);
  optim::SGD optimizer(model.parameters(), optim::SGD::heavy_ball(0.1, 0.9));
  std::vector<double> losses;
  for (int step = 0; step < 5; ++step) {
    const Variable loss = nn::token_cross_entropy(model(x), y);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    losses.push_back(loss.item());
  }
  check_equal(losses, reference().at("losses"));
  CHECK(losses.back() < losses.front());
}
