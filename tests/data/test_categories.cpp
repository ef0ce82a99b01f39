#include <doctest/doctest.h>

#include <plumb/core/io/checkpoint.hpp>
#include <plumb/data.hpp>

#include "support.hpp"

using namespace plumb;
using plumb::test::contains;
using plumb::test::error_of;

namespace {
using Names = std::vector<std::string>;
using Ids = std::vector<std::int64_t>;
}  // namespace

TEST_CASE("Categories: distinct names in order, numbers by their value") {
  const data::Categories words(Names{"promoter", "none", "promoter", ""});
  CHECK(words.names() == Names{"", "none", "promoter"});
  CHECK(words.encode({"promoter", "", "none"}).to_vector<std::int64_t>() == Ids{2, 0, 1});
  CHECK(words.name(1) == "none");
  CHECK(words.find("none") == 1);
  CHECK(!words.find("nones"));
  CHECK(data::Categories(Names{"10", "9", "-1", "2.5"}).names() == Names{"-1", "2.5", "9", "10"});
  CHECK(data::Categories(Names{"10", "9", "x"}).names() == Names{"10", "9", "x"});
  CHECK(data::Categories(Names{"1.0", "1"}).names() == Names{"1", "1.0"});
  CHECK(data::Categories(Names{"10", "9"}).find("10") == 1);
  CHECK(data::Categories().size() == 0);
}

TEST_CASE("Categories: what they do not know is refused") {
  const data::Categories two(Names{"a", "b"});
  CHECK(error_of([&] {
          two.encode({"a", "x"});
        }) == "[Categories] 'x' at position 1 is none of the 2 names 'a', 'b'");
  CHECK(error_of([&] { two.name(2); }) == "[Categories] index 2 is out of range [0, 2)");
  CHECK(contains(error_of([&] { two.name(-1); }), "index -1"));
  Names many;
  for (int i = 0; i < 20; ++i) many.push_back(std::to_string(i));
  CHECK(contains(error_of([&] { data::Categories(many).encode({"x"}); }), "'6', '7', ..."));
}

TEST_CASE("Categories: a checkpoint gives them back, and refuses others") {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/run.safetensors";
  data::Categories saved(Names{"", "caf\xe9", "x\ny"}), loaded, other(Names{"a"});
  Checkpoint writer, reader, refusing;
  writer.add("classes", saved);
  writer.save(path);
  reader.add("classes", loaded);
  reader.load(path);
  reader.load(path);
  CHECK(loaded == saved);
  CHECK(loaded.find("x\ny") == 2);
  refusing.add("classes", other);
  CHECK(
      contains(error_of([&] { refusing.load(path); }), "the 3 names of the state are not these 1"));
  CHECK(other.names() == Names{"a"});
}

TEST_CASE("Categories: a state that makes none is refused") {
  const auto refusal = [](const Tensor& names, const Tensor& ends) {
    StateDict state;
    state.set("names.bytes", names);
    state.set("names.ends", ends);
    data::Categories categories;
    const std::string error = error_of([&] { categories.load_state_dict(state); });
    CHECK(categories.size() == 0);
    return error;
  };
  const Tensor ab = Tensor::from<std::uint8_t>({'a', 'b'});
  CHECK(contains(refusal(ab, Tensor::from(Ids{1, 3})), "string 1 of the state's names ends at 3, outside of [1, 2]"));
  CHECK(contains(refusal(ab, Tensor::from(Ids{2, 1})), "string 1 of the state's names ends at 1"));
  CHECK(contains(refusal(ab, Tensor::from(Ids{1})), "have 2 bytes and end at 1"));
  CHECK(contains(refusal(ab, Tensor::from(Ids{0, 0, 2})), "not distinct and in order"));
  const Tensor ba = Tensor::from<std::uint8_t>({'b', 'a'});
  CHECK(contains(refusal(ba, Tensor::from(Ids{1, 2})), "not distinct and in order"));
  CHECK(contains(refusal(Tensor::zeros({2}), Tensor::from(Ids{2})), "got [2] of float32"));
}
