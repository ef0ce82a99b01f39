// What a temporary gives lives on, or cannot be written: each form that somebody writes without
// thinking. The sanitizers see the rest.
#include <doctest/doctest.h>

#include <plumb/plumb.hpp>

#include "support/temporary_folder.hpp"

using namespace plumb;

namespace {

nn::Sequential model() {
  Generator generator(1);
  return nn::Sequential{nn::Linear(3, 2, generator), nn::Tanh()};
}

StateDict state() {
  StateDict all;
  all.set("weight", Tensor::ones({2, 3}));
  all.set("name", "a name that does not fit into the string itself");
  return all;
}

data::Csv table() { return data::parse_csv("a long name of the first column,b\n1,2\n"); }

std::shared_ptr<const data::TensorDataset> dataset() {
  return std::make_shared<data::TensorDataset>(Tensor::arange(6, DType::float32).reshape({3, 2}),
                                               Tensor::arange(3));
}

// Whether `f(std::declval<T>())` compiles.
template <class T, class F>
constexpr bool compiles(F) {
  return std::is_invocable_v<F, T>;
}

}  // namespace

TEST_CASE("temporaries: a state dict's tensors and scalars") {
  double total = 0;
  for (auto& [name, tensor] : model().state_dict().tensors())
    total += static_cast<double>(tensor.numel()) + static_cast<double>(name.size());
  CHECK(total == 8 + 14);
  const Tensor& weight = state().tensor("weight");
  CHECK(weight.to_vector<float>() == std::vector<float>(6, 1));
  const std::string& name = state().scalar<std::string>("name");
  CHECK(name.substr(0, 6) == "a name");
  for (const auto& [key, value] : state().scalars()) CHECK(std::get<std::string>(value) == name);
}

TEST_CASE("temporaries: a loaded file's tensor, and a path") {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/state.safetensors";
  save_safetensors(path, state());
  const Tensor& weight = load_safetensors(path).state.tensor("weight");
  CHECK(weight.shape() == Shape{2, 3});
  CHECK(weight.to_vector<float>() == std::vector<float>(6, 1));
  const std::string& kept = CheckpointFolder(folder.path() + "/checkpoints").path();
  CHECK(kept == folder.path() + "/checkpoints");
}

TEST_CASE("temporaries: shapes and values of results") {
  const Tensor x = Tensor::ones({2, 3});
  const Shape& shape = (x + x).shape();
  CHECK(shape == Shape{2, 3});
  std::int64_t product = 1;
  for (const std::int64_t size : (x * x).shape()) product *= size;
  for (const std::int64_t size : tanh(Variable(x)).shape()) product *= size;
  CHECK(product == 36);
  const Tensor& value = model()(x).value();
  CHECK(value.shape() == Shape{2, 2});
  const Shape& of_result = model()(x).shape();
  CHECK(of_result == Shape{2, 2});
  const Tensor& saved = Saved(x + x).get();
  CHECK(saved.at({0, 0}) == 2);
  CHECK(std::is_convertible_v<const Saved&, const Tensor&>);
  CHECK_FALSE(std::is_convertible_v<Saved, const Tensor&>);
  const Variable& frozen = Variable::leaf(x + x).set_requires_grad(false);
  CHECK(frozen.value().at({0, 0}) == 2);
}

TEST_CASE("temporaries: a tensor without a name gives no pointer") {
  CHECK(compiles<Tensor&>([](auto&& x) -> decltype(x.raw()) { return x.raw(); }));
  const auto data = [](auto&& x) -> decltype(std::forward<decltype(x)>(x).template data<float>()) {
    return nullptr;
  };
  const auto written =
      [](auto&& x) -> decltype(std::forward<decltype(x)>(x).template mutable_data<float>()) {
    return nullptr;
  };
  const auto raw = [](auto&& x) -> decltype(std::forward<decltype(x)>(x).raw()) { return nullptr; };
  const auto begin = [](auto&& x) -> decltype(std::forward<decltype(x)>(x).begin()) {
    return nullptr;
  };
  CHECK(compiles<const Tensor&>(data));
  CHECK_FALSE(compiles<Tensor>(data));
  CHECK_FALSE(compiles<const Tensor>(data));
  CHECK(compiles<Tensor&>(written));
  CHECK_FALSE(compiles<Tensor>(written));
  CHECK_FALSE(compiles<Tensor>(raw));
  CHECK(compiles<const Shape&>(begin));
  CHECK_FALSE(compiles<Shape>(begin));
  CHECK_FALSE(compiles<Axes>(begin));
}

TEST_CASE("temporaries: indices keep a list, and a vector that nobody else holds") {
  const data::Indices listed = {1, 2, 3};
  const data::Indices made = data::all_indices(3);
  const data::Indices copy = data::Indices{4, 5};
  const std::vector<std::int64_t> named = {7, 8};
  const data::Indices viewed = named;
  std::vector<std::int64_t> all(listed.begin(), listed.end());
  all.insert(all.end(), made.begin(), made.end());
  all.insert(all.end(), copy.begin(), copy.end());
  CHECK(all == std::vector<std::int64_t>{1, 2, 3, 0, 1, 2, 4, 5});
  CHECK(viewed.begin() == named.data());
  CHECK(dataset()->gather({2, 0}).x.to_vector<float>() == std::vector<float>{4, 5, 0, 1});
}

TEST_CASE("temporaries: what datasets, loaders, tables and categories hold") {
  const Tensor& x = data::TensorDataset(Tensor::ones({2, 3}), Tensor::arange(2)).x();
  const Tensor& y = data::TensorDataset(Tensor::ones({2, 3}), Tensor::arange(2)).y();
  CHECK(x.at({1, 2}) == 1);
  CHECK(y.at({1}) == 1);
  data::DataLoader loader(dataset());
  const data::Batch& first = *loader.begin();
  for (const data::Batch& batch : loader) CHECK(batch.x.same_as(first.x) == false);
  CHECK(first.x.shape() == Shape{3, 2});
  const data::LoaderOptions& options = data::DataLoader(dataset()).options();
  CHECK(options.batch_size == 64);

  std::size_t letters = 0;
  for (const std::string& name : table().names()) letters += name.size();
  CHECK(letters == 32);
  const data::Categories names({"b", "a name of more than fifteen bytes"});
  const std::string& name = data::Categories(names).name(0);
  CHECK(name == "a name of more than fifteen bytes");
  for (const std::string& each : data::Categories(names).names()) letters += each.size();
  CHECK(letters == 32 + 34);
  CHECK_FALSE(compiles<data::Csv>(
      [](auto&& t) -> decltype(std::forward<decltype(t)>(t).cell(0, 0)) { return {}; }));
}

TEST_CASE("temporaries: what layers and curves hold") {
  Generator generator(1);
  const Variable& weight = nn::Linear(3, 2, generator).weight();
  CHECK(weight.shape() == Shape{2, 3});
  const Variable& bias = nn::Conv1d(1, 2, 3, generator).bias();
  CHECK(bias.numel() == 2);
  const auto& options = nn::Conv1d(1, 2, 3, generator, {2}).options();
  CHECK(options.stride == 2);
  const Variable& mean = nn::BatchNorm1d(2).running_mean();
  CHECK(mean.value().to_vector<float>() == std::vector<float>{0, 0});
  const std::string& curve = optim::curve::cosine(100'000, 0.25).description();
  CHECK(curve == "cosine(steps=100000, end=0.25)");
  const auto modules = [](auto&& m) -> decltype(std::forward<decltype(m)>(m).modules()) {
    return {};
  };
  CHECK(compiles<nn::Sequential&>(modules));
  CHECK_FALSE(compiles<nn::Sequential>(modules));
}
