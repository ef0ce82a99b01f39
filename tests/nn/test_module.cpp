#include <doctest/doctest.h>

#include <plumb/nn.hpp>
#include <plumb/optim.hpp>

using namespace plumb;

namespace {

// A module with everything that can be registered, and nothing else.
struct Bag : nn::Module {
  using Module::add;
  using Module::add_buffer;
  using Module::add_generator;
  using Module::add_parameter;
};

Bag small_bag() {
  Bag bag;
  bag.add_parameter("a", Tensor::full({2}, 1));
  bag.add_buffer("mean", Tensor::full({3}, 2));
  bag.add_buffer("steps", Tensor::scalar(4, DType::int64));
  return bag;
}

// Keeps a running sum of its inputs in a buffer.
class Accumulator : public nn::Layer {
 public:
  Accumulator() : sum_(add_buffer("sum", Tensor::zeros({2}))) {}
  Variable forward(const Variable& x) override {
    sum_.set_value(sum_.value() + x.value());
    return x;
  }
  Tensor sum() const { return sum_.value(); }

 private:
  Variable sum_;
};

// Two layers held by reference, the usual form of a model of one's own.
class TwoLayers : public nn::Layer {
 public:
  explicit TwoLayers(Generator& generator)
      : fc1_(add("fc1", nn::Linear(3, 4, generator))),
        fc2_(add("fc2", nn::Linear(4, 2, generator, nn::Bias::no))) {}
  Variable forward(const Variable& x) override { return fc2_(relu(fc1_(x))); }

 private:
  nn::Linear& fc1_;
  nn::Linear& fc2_;
};

template <class Named>
std::vector<std::string> names(const std::vector<Named>& list) {
  std::vector<std::string> result;
  for (const Named& entry : list) result.push_back(entry.name);
  return result;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("Module: names are joined by dots, own entries first, in order of registration") {
  Bag leaf = small_bag();
  leaf.add_generator("noise", Generator(1));
  Bag middle;
  middle.add("leaf", std::move(leaf));
  middle.add_parameter("b", Tensor::ones({1}));
  Bag root;
  root.add("second", small_bag());
  root.add("first", std::move(middle));
  root.add_parameter("own", Tensor::ones({}));

  CHECK(names(root.parameters()) == Names{"own", "second.a", "first.b", "first.leaf.a"});
  CHECK(names(root.buffers()) ==
        Names{"second.mean", "second.steps", "first.leaf.mean", "first.leaf.steps"});
  CHECK(names(root.generators()) == Names{"first.leaf.noise"});
  CHECK(names(root.children()) == Names{"second", "first"});
  CHECK(names(root.modules()) == Names{"", "second", "first", "first.leaf"});
  CHECK(root.modules()[0].module == &root);
  CHECK(root.modules()[2].module == root.children()[1].module);
  CHECK(root.parameters()[1].variable.requires_grad());
  CHECK_FALSE(root.buffers()[0].variable.requires_grad());
}

TEST_CASE("Module: names that are empty, dotted or taken are refused") {
  Bag bag = small_bag();
  bag.add("child", Bag());
  bag.add_generator("noise", Generator(1));
  const Tensor x = Tensor::ones({1});
  CHECK_THROWS_WITH_AS(bag.add_parameter("", x), "[add_parameter] the name is empty", Error);
  CHECK_THROWS_WITH_AS(bag.add_buffer("x.y", x),
                       "[add_buffer] the name 'x.y' contains a dot, which separates the levels of "
                       "a tree",
                       Error);
  for (const char* taken : {"a", "mean", "child", "noise"}) {
    const std::string reason = std::string("the name '") + taken + "' is taken";
    CHECK_THROWS_WITH_AS(bag.add_parameter(taken, x), ("[add_parameter] " + reason).c_str(), Error);
    CHECK_THROWS_WITH_AS(bag.add_buffer(taken, x), ("[add_buffer] " + reason).c_str(), Error);
    CHECK_THROWS_WITH_AS(bag.add(taken, Bag()), ("[add] " + reason).c_str(), Error);
    CHECK_THROWS_WITH_AS(bag.add_generator(taken, Generator(1)),
                         ("[add_generator] " + reason).c_str(), Error);
  }
  CHECK(names(bag.parameters()) == Names{"a"});
  CHECK(names(bag.modules()) == Names{"", "child"});
}

TEST_CASE("Module: what cannot be a parameter, a buffer or a child is refused") {
  Bag bag;
  CHECK_THROWS_WITH_AS(bag.add_parameter("w", Tensor()), "[add_parameter] 'w' is undefined", Error);
  CHECK_THROWS_WITH_AS(bag.add_parameter("w", Tensor::arange(3)),
                       "[add_parameter] 'w' must be float32 or float64, got int64", Error);
  const Variable x = Variable::leaf(Tensor::ones({1}));
  CHECK_THROWS_WITH_AS(bag.add_parameter("w", x * x),
                       "[add_parameter] 'w' must be a leaf, got the result of mul", Error);
  CHECK_THROWS_WITH_AS(bag.add_parameter("w", x.detach()),
                       "[add_parameter] 'w' must be a leaf, got a constant", Error);
  CHECK_THROWS_WITH_AS(bag.add_parameter("w", Variable()), "[add_parameter] 'w' is undefined",
                       Error);
  CHECK_THROWS_WITH_AS(bag.add_buffer("w", Tensor()), "[add_buffer] 'w' is undefined", Error);
  CHECK_THROWS_WITH_AS(bag.add("w", std::shared_ptr<Bag>()), "[add] the module 'w' is null", Error);
  CHECK(bag.state_dict().empty());
}

TEST_CASE("Module: a module that would contain itself is refused") {
  const auto outer = std::make_shared<Bag>();
  const auto inner = std::make_shared<Bag>();
  const char* reason = "[add] 'x' would make a module contain itself";
  CHECK_THROWS_WITH_AS(outer->add("x", outer), reason, Error);
  outer->add("inner", inner);
  CHECK_THROWS_WITH_AS(inner->add("x", outer), reason, Error);
}

TEST_CASE("Module: handles and references stay valid when it moves") {
  Generator generator(1);
  TwoLayers first(generator);
  const Parameters before = first.parameters();
  TwoLayers second = std::move(first);
  const Parameters after = second.parameters();
  REQUIRE(names(after) == Names{"fc1.weight", "fc1.bias", "fc2.weight"});
  for (std::size_t i = 0; i < 3; ++i) CHECK(after[i].variable.same_as(before[i].variable));
  CHECK(second(Tensor::ones({5, 3})).shape() == Shape{5, 2});

  Bag bag;
  Generator& noise = bag.add_generator("noise", Generator(7));
  const Bag moved = std::move(bag);
  noise.next();
  CHECK(moved.generators()[0].generator->position() == 1);
}

TEST_CASE("Module: a shared module is listed once and saved under each of its names") {
  Bag root;
  const auto shared = std::make_shared<Bag>(small_bag());
  root.add("encoder", shared);
  root.add("decoder", shared);
  CHECK(names(root.parameters()) == Names{"encoder.a"});
  CHECK(names(root.buffers()) == Names{"encoder.mean", "encoder.steps"});
  CHECK(names(root.modules()) == Names{"", "encoder"});
  CHECK(names(root.children()) == Names{"encoder", "decoder"});
  CHECK(root.parameter_count() == 2);
  const StateDict state = root.state_dict();
  CHECK(state.tensors().size() == 6);
  CHECK(state.tensor("encoder.a").same_as(state.tensor("decoder.a")));
}

TEST_CASE("Module: a shared parameter counts once, takes one gradient and is saved twice") {
  Bag root;
  const Variable tied = root.add_parameter("tied", Tensor::full({2}, 3));
  Bag child;
  child.add_parameter("weight", tied);
  root.add("child", std::move(child));
  CHECK(names(root.parameters()) == Names{"tied"});
  CHECK(root.parameter_count() == 2);
  CHECK(root.state_dict().has_tensor("child.weight"));

  root.to(DType::float64);
  CHECK(root.state_dict().tensor("child.weight").dtype() == DType::float64);
  CHECK(root.state_dict().tensor("child.weight").same_as(tied.value()));
}

TEST_CASE("Module: train and eval reach the whole tree, also what is shared") {
  Bag root;
  const auto shared = std::make_shared<Bag>();
  root.add("shared", shared);
  Bag& child = root.add("child", Bag());
  Bag& grandchild = child.add("child", Bag());
  CHECK(root.training());
  root.eval();
  for (const nn::NamedModule& m : root.modules()) CHECK_FALSE(m.module->training());
  child.train();
  CHECK_FALSE(root.training());
  CHECK(grandchild.training());
  CHECK_FALSE(shared->training());
  root.train();
  for (const nn::NamedModule& m : root.modules()) CHECK(m.module->training());
}

TEST_CASE("EvalMode: gives each module its own mode back, also after an exception") {
  Bag root;
  Bag& frozen = root.add("frozen", Bag());
  frozen.eval();
  try {
    const nn::EvalMode eval(root);
    CHECK_FALSE(root.training());
    throw Error("out");
  } catch (const Error&) {
  }
  CHECK(root.training());
  CHECK_FALSE(frozen.training());
}

TEST_CASE("Module: to(dtype) reaches every handle and leaves integers alone") {
  Bag bag = small_bag();
  const Variable frozen = bag.add_parameter("frozen", Tensor::full({1}, 0.1));
  Variable(frozen).set_requires_grad(false);
  Variable a = bag.parameters()[0].variable;
  const Variable mean = bag.buffers()[0].variable;
  a.set_grad(Tensor::ones({2}));

  bag.to(DType::float64);
  CHECK(a.dtype() == DType::float64);
  CHECK(a.requires_grad());
  CHECK_FALSE(a.grad().defined());
  CHECK(mean.dtype() == DType::float64);
  CHECK(mean.value().at({2}) == 2);
  CHECK(bag.buffers()[1].variable.dtype() == DType::int64);
  CHECK_FALSE(frozen.requires_grad());
  CHECK(frozen.value().item() == double{0.1F});

  bag.to(DType::float32);
  CHECK(frozen.value().item<float>() == 0.1F);

  a.set_grad(Tensor::ones({2}));
  bag.to(DType::float32);
  CHECK(a.grad().defined());
  CHECK_THROWS_WITH_AS(bag.to(DType::int64), "[Module::to] expected float32 or float64, got int64",
                       Error);
  CHECK(a.dtype() == DType::float32);
}

TEST_CASE("Module: the owner of a buffer sees conversion and loading, and the tree its writing") {
  Accumulator layer;
  layer(Tensor::ones({2}));
  CHECK(layer.state_dict().tensor("sum").at({0}) == 1);
  layer.to(DType::float64);
  CHECK(layer.sum().dtype() == DType::float64);
  layer(Tensor::ones({2}, DType::float64));
  CHECK(layer.state_dict().tensor("sum").at({1}) == 2);
  StateDict state;
  state.set("sum", Tensor::from({5., 6.}));
  layer.load_state_dict(state);
  CHECK(layer.sum().to_vector<double>() == std::vector<double>{5, 6});
}

TEST_CASE("Module: zero_grad forgets all gradients") {
  Generator generator(1);
  TwoLayers net(generator);
  net(Tensor::ones({1, 3})).backward(Tensor::ones({1, 2}));
  for (const Parameter& p : net.parameters()) CHECK(p.variable.grad().defined());
  net.zero_grad();
  for (const Parameter& p : net.parameters()) CHECK_FALSE(p.variable.grad().defined());
}

TEST_CASE("Module: parameter_count counts all parameters or the trainable ones") {
  Generator generator(1);
  const TwoLayers net(generator);
  CHECK(net.parameter_count() == 3 * 4 + 4 + 4 * 2);
  net.parameters()[2].variable.set_requires_grad(false);
  CHECK(net.parameter_count() == 24);
  CHECK(net.parameter_count(nn::Count::trainable) == 16);
}

TEST_CASE("Module: the state dict shares memory and loads in place") {
  Generator generator(1);
  TwoLayers source(generator);
  TwoLayers target(generator);
  const Variable weight = target.parameters()[0].variable;
  const Tensor memory = weight.value();
  const std::uint32_t version = memory.version();
  const StateDict state = source.state_dict();
  CHECK(state.scalars().empty());
  CHECK(state.tensor("fc1.weight").same_as(source.parameters()[0].variable.value()));

  const nn::LoadReport report = target.load_state_dict(state);
  CHECK(report.missing.empty());
  CHECK(report.unexpected.empty());
  CHECK(weight.value().same_as(memory));
  CHECK(memory.version() > version);
  const StateDict loaded = target.state_dict();
  for (const auto& [name, tensor] : loaded.tensors())
    CHECK(tensor.to_vector<float>() == state.tensor(name).to_vector<float>());
  const Tensor x = Tensor::ones({2, 3});
  CHECK(source(x).value().to_vector<float>() == target(x).value().to_vector<float>());
}

TEST_CASE("Module: loads a state of its own tensors under other names") {
  Bag bag;
  bag.add("0", small_bag());
  bag.add("1", small_bag());
  bag.add("2", small_bag());
  const auto of = [&bag](int child) { return bag.state_dict().part(std::to_string(child)); };
  StateDict turned;
  for (int i = 0; i < 3; ++i) {
    turned.insert(std::to_string(i), of((i + 1) % 3));
    Tensor a = of(i).tensor("a");
    a.fill(i);
  }
  const Tensor memory = of(0).tensor("a");
  bag.load_state_dict(turned);
  CHECK(of(0).tensor("a").same_as(memory));
  CHECK(of(0).tensor("a").to_vector<float>() == std::vector<float>{1, 1});
  CHECK(of(1).tensor("a").to_vector<float>() == std::vector<float>{2, 2});
  CHECK(of(2).tensor("a").to_vector<float>() == std::vector<float>{0, 0});
}

TEST_CASE("Module: loads views that lie across its own tensors") {
  const Tensor memory = Tensor::arange(4, DType::float32);
  Bag bag;
  bag.add_parameter("a", memory.rows(0, 2));
  bag.add_parameter("b", memory.rows(2, 4));
  StateDict state;
  state.set("a", memory.rows(1, 3));
  state.set("b", memory.rows(0, 2));
  bag.load_state_dict(state);
  CHECK(memory.to_vector<float>() == std::vector<float>{1, 2, 0, 1});
}

TEST_CASE("Module: loading lists missing, unexpected and mis-shaped keys and overwrites nothing") {
  Bag bag = small_bag();
  bag.add("child", small_bag());
  StateDict state;
  state.set("a", Tensor::full({2}, 9));
  state.set("mean", Tensor::full({2, 3}, 9));
  state.set("steps", Tensor::full({1}, 9));
  state.set("child.mean", Tensor());
  state.set("child.extra", Tensor::full({1}, 9));
  state.set("epoch", 3);
  CHECK_THROWS_WITH_AS(bag.load_state_dict(state),
                       "[load_state_dict] the state does not fit Bag:\n"
                       "  missing: child.a, child.steps\n"
                       "  unexpected: child.extra, epoch\n"
                       "  shape of mean: expected [3], got [2, 3]\n"
                       "  shape of steps: expected [], got [1]\n"
                       "  dtype of steps: expected int64, got float32\n"
                       "  child.mean is undefined",
                       Error);
  CHECK_THROWS_WITH_AS(bag.load_state_dict(state, nn::Match::lenient, nn::Convert::yes),
                       "[load_state_dict] the state does not fit Bag:\n"
                       "  shape of mean: expected [3], got [2, 3]\n"
                       "  shape of steps: expected [], got [1]\n"
                       "  dtype of steps: expected int64, got float32\n"
                       "  child.mean is undefined",
                       Error);
  CHECK(bag.state_dict().tensor("a").to_vector<float>() == std::vector<float>{1, 1});
}

TEST_CASE("Module: lenient loading takes what it knows and reports the rest") {
  Bag bag = small_bag();
  StateDict state;
  state.set("a", Tensor::full({2}, 9));
  state.set("b", Tensor::full({2}, 9));
  const nn::LoadReport report = bag.load_state_dict(state, nn::Match::lenient);
  CHECK(report.missing == Names{"mean", "steps"});
  CHECK(report.unexpected == Names{"b"});
  CHECK(bag.state_dict().tensor("a").to_vector<float>() == std::vector<float>{9, 9});
  CHECK(bag.state_dict().tensor("mean").to_vector<float>() == std::vector<float>{2, 2, 2});
}

TEST_CASE("Module: another dtype is loaded only when that is asked for") {
  Bag bag = small_bag();
  bag.to(DType::float64);
  const StateDict wide = bag.state_dict().clone();
  bag.to(DType::float32);
  bag.load_state_dict(small_bag().state_dict());
  CHECK_THROWS_WITH_AS(
      bag.load_state_dict(wide),
      "[load_state_dict] the state does not fit Bag:\n"
      "  dtype of a: expected float32, got float64 (Convert::yes would convert it)\n"
      "  dtype of mean: expected float32, got float64 (Convert::yes would convert it)",
      Error);
  StateDict changed = wide;
  changed.set("a", Tensor::from({0.25, 0.1}));
  bag.load_state_dict(changed, nn::Match::strict, nn::Convert::yes);
  const Tensor a = bag.state_dict().tensor("a");
  CHECK(a.dtype() == DType::float32);
  CHECK(a.to_vector<float>() == std::vector<float>{0.25F, 0.1F});
}

TEST_CASE("Module: a class is known by its name without namespaces") {
  struct Local : nn::Module {};
  CHECK(Local().type_name() == "Local");
  CHECK(Bag().type_name() == "Bag");
  CHECK(nn::ReLU().type_name() == "ReLU");
}

TEST_CASE("Module: parameters under a prefix, so that one optimizer takes two models") {
  Generator generator(1);
  nn::Sequential coder{nn::Linear(3, 2, generator)}, decoder{nn::Linear(2, 3, generator)};
  const auto both = [&] {
    optim::SGD({{coder.parameters()}, {decoder.parameters()}}, optim::SGD::plain(0.1));
  };
  CHECK_THROWS_WITH_AS(both(),
                       "[SGD] two parameters are named '0.weight'; parameters(\"a\") of one model "
                       "and parameters(\"b\") of the other tell them apart",
                       Error);
  optim::SGD optimizer({{coder.parameters("coder")}, {decoder.parameters("decoder")}},
                       optim::SGD::plain(0.1));
  CHECK(optimizer.groups()[1].parameters[0].name == "decoder.0.weight");
  CHECK(optimizer.groups()[0].parameters[1].name == "coder.0.bias");
}

TEST_CASE("Module: its path is the first that it got, wherever its parent moves") {
  Generator generator(1);
  auto shared = std::make_shared<nn::Linear>(2, 2, generator);
  nn::Sequential model{nn::Tanh(), nn::Sequential{nn::Tanh(), shared}, shared};
  CHECK(shared->path() == "1.1");
  nn::Sequential moved = std::move(model);
  CHECK(shared->path() == "1.1");
  CHECK(moved.path().empty());
  CHECK(moved[1].path() == "1");
  moved = nn::Sequential{nn::Tanh(), nn::Tanh()};
  CHECK(shared->path().empty());
}
