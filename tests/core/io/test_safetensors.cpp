#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>
#include <plumb/core/io/internal/safetensors_header.hpp>
#include <plumb/core/io/safetensors.hpp>
#include <plumb/core/runtime/random.hpp>

#include "../../support/errors.hpp"
#include "../../support/temporary_folder.hpp"

using namespace plumb;
using test::contains;
using test::error_of;
using test::read_file;
using test::TemporaryFolder;

namespace {

StateDict example() {
  StateDict state;
  Generator generator(1);
  Tensor weight = Tensor::empty({5, 7}), wide = Tensor::empty({3}, DType::float64);
  generator.fill_normal(weight);
  generator.fill_normal(wide);
  state.set("fc.weight", weight);
  state.set("fc.wide", wide);
  state.set("labels", Tensor::from<std::int64_t>({INT64_MIN, -1, INT64_MAX}));
  state.set("bytes", Tensor::from<std::uint8_t>({0, 1, 255}));
  state.set("odd", Tensor::from<float>({std::numeric_limits<float>::quiet_NaN(), -0.f, 1e-45f}));
  state.set("none", Tensor::empty({0, 4}));
  state.set("zero rank", Tensor::scalar(2));
  state.set("steps", INT64_MIN);
  state.set("lr", 0.1);
  state.set("best", -std::numeric_limits<double>::infinity());
  state.set("rule", "SGD \"\xc3\xa4\"\n");
  state.set("debias", true);
  return state;
}

bool same_bits(const StateDict& a, const StateDict& b) {
  if (a.scalars() != b.scalars() || a.tensors().size() != b.tensors().size()) return false;
  for (const auto& [name, x] : a.tensors()) {
    if (!b.has_tensor(name)) return false;
    const Tensor& y = b.tensor(name);
    if (x.shape() != y.shape() || x.dtype() != y.dtype()) return false;
    if (x.bytes() > 0 && std::memcmp(x.raw(), y.raw(), x.bytes()) != 0) return false;
  }
  return true;
}

// A file as another program would write it.
std::string foreign(const std::string& header, const std::string& data) {
  std::string length(8, '\0');
  const std::uint64_t count = header.size();
  std::memcpy(length.data(), &count, 8);
  return length + header + data;
}

}  // namespace

TEST_CASE("safetensors: a state dict comes back bit for bit") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/state.safetensors";
  const StateDict state = example();
  save_safetensors(path, state);
  const LoadedState loaded = load_safetensors(path);
  CHECK(loaded.verified);
  CHECK(same_bits(loaded.state, state));
  CHECK(folder.names() == std::vector<std::string>{"state.safetensors"});

  save_safetensors(path, StateDict());
  CHECK(load_safetensors(path).state.empty());
  CHECK(load_safetensors(path).verified);
}

TEST_CASE("safetensors: a tensor that is written and read in pieces comes back") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/state.safetensors";
  StateDict state;
  state.set("large", Tensor::arange(100'003, DType::float64));
  state.set("small", Tensor::arange(3));
  save_safetensors(path, state);
  CHECK(same_bits(load_safetensors(path).state, state));
}

TEST_CASE("safetensors: equal states are equal files, and tensors lie at multiples of their size") {
  const TemporaryFolder folder;
  const std::string a = folder.path() + "/a", b = folder.path() + "/b";
  save_safetensors(a, example());
  save_safetensors(b, example().clone());
  const std::string bytes = read_file(a);
  CHECK(bytes == read_file(b));
  std::uint64_t header = 0;
  std::memcpy(&header, bytes.data(), 8);
  CHECK((8 + header) % 64 == 0);
  CHECK(bytes.substr(8, 17) == "{\"__metadata__\":{");
  CHECK(contains(bytes, "\"format\":\"pt\""));
}

TEST_CASE("safetensors: large elements lie before small ones, each at a multiple of its size") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/a";
  StateDict state;
  state.set("a", Tensor::zeros({3}, DType::uint8));
  state.set("b", Tensor::zeros({5}, DType::float32));
  state.set("c", Tensor::zeros({2}, DType::float64));
  state.set("d", Tensor::zeros({1}, DType::uint8));
  state.set("e", Tensor::zeros({1}, DType::int64));
  save_safetensors(path, state);
  const std::string bytes = read_file(path);
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  const detail::SafetensorsHeader header = detail::parse_safetensors_header(
      {"load", path}, bytes.substr(8, length), bytes.size() - 8 - length);
  std::string order;
  for (const detail::StoredTensor& tensor : header.tensors) {
    order += tensor.name;
    CHECK((8 + length + tensor.begin) % detail::stored_size(tensor.type) == 0);
  }
  CHECK(order == "cebad");
}

TEST_CASE("safetensors: every truncation and every flipped bit is refused") {
  const TemporaryFolder folder;
  StateDict small;
  small.set("w", Tensor::from<float>({1, 2, 3}));
  small.set("n", std::int64_t{7});
  for (const StateDict& state : {small, StateDict()}) {
    const std::string path = folder.path() + "/state";
    save_safetensors(path, state);
    const std::string whole = read_file(path);
    for (std::size_t length = 0; length < whole.size(); ++length) {
      CAPTURE(length);
      CHECK_THROWS_AS(load_safetensors(folder.write("cut", whole.substr(0, length))), Error);
    }
    for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
      std::string flipped = whole;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
      CAPTURE(bit);
      CHECK_THROWS_AS(load_safetensors(folder.write("flipped", flipped)), Error);
    }
    CHECK_THROWS_AS(load_safetensors(folder.write("longer", whole + '\0')), Error);
    CHECK_THROWS_AS(load_safetensors(folder.write("twice", whole + whole)), Error);
  }
}

TEST_CASE("safetensors: what is damaged is named") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/state";
  StateDict state;
  state.set("w", Tensor::from<float>({1, 2, 3}));
  save_safetensors(path, state);
  std::string bytes = read_file(path);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  folder.write("state", bytes);
  CHECK(error_of([&] { load_safetensors(path); }) ==
        "[load_safetensors] " + path + ": tensor 'w' is damaged: its checksum is wrong");
  bytes[bytes.find("F32")] = 'I';
  folder.write("state", bytes);
  CHECK(error_of([&] { load_safetensors(path); }) ==
        "[load_safetensors] " + path + ": the header is damaged: its checksum is wrong");
  bytes[bytes.find("plumb.checksum")] = 'q';
  bytes[bytes.find("I32")] = 'F';
  folder.write("state", bytes);
  CHECK(contains(error_of([&] { load_safetensors(path); }), "it does not begin with its checksum"));
}

TEST_CASE("safetensors: files of other programs load, unverified") {
  const TemporaryFolder folder;
  const std::string path =
      folder.write("other", foreign(R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[2,6]},)"
                                    R"("b":{"dtype":"BOOL","shape":[2],"data_offsets":[0,2]},)"
                                    R"("__metadata__":{"format":"pt","scalar":"int64 5"}})",
                                    std::string("\1\0\0\0\x80\x3f", 6)));
  const LoadedState loaded = load_safetensors(path);
  CHECK_FALSE(loaded.verified);
  CHECK(loaded.state.tensor("w").item() == 1);
  CHECK(loaded.state.tensor("b").to_vector<std::uint8_t>() == std::vector<std::uint8_t>{1, 0});
  CHECK(loaded.state.scalars().empty());

  folder.write("other",
               foreign(R"({"b":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]}})", "\2"));
  CHECK(error_of([&] { load_safetensors(path); }) ==
        "[load_safetensors] " + path + ": tensor 'b' is BOOL and holds 2");
}

TEST_CASE("safetensors: 16-bit floating types on request") {
  const TemporaryFolder folder;
  const std::string path =
      folder.write("half", foreign(R"({"h":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},)"
                                   R"("b":{"dtype":"BF16","shape":[1],"data_offsets":[4,6]}})",
                                   std::string("\0\x3c\1\0\x80\xbf", 6)));
  CHECK(error_of([&] { load_safetensors(path); }) ==
        "[load_safetensors] " + path +
            ": tensor 'h' is of type F16; HalfTensors::to_float32 would convert it");
  const StateDict state = load_safetensors(path, HalfTensors::to_float32).state;
  CHECK(state.tensor("h").dtype() == DType::float32);
  CHECK(state.tensor("h").to_vector<float>() == std::vector<float>{1, std::ldexp(1.f, -24)});
  CHECK(state.tensor("b").item() == -1);
}

TEST_CASE("safetensors: declared sizes are compared with the file before anything is allocated") {
  const TemporaryFolder folder;
  const auto error = [&](const std::string& bytes) {
    const std::string path = folder.write("x", bytes);
    return error_of([&] { load_safetensors(path); }).substr(21 + path.size());
  };
  CHECK(error("") == "expected a safetensors header, the file holds 0 bytes");
  CHECK(error(std::string(7, '\xff')) == "expected a safetensors header, the file holds 7 bytes");
  CHECK(error(std::string(8, '\xff')) ==
        "the header declares 18446744073709551615 bytes, expected at most 100000000");
  CHECK(error(std::string("\1\0\0\0\0\0\0\0", 8)) ==
        "the header declares 1 bytes, the file holds 0");
  CHECK(error(foreign("", "")) == "the header does not begin with '{'");
  CHECK(contains(
      error(foreign(
          R"({"w":{"dtype":"F64","shape":[1152921504606846975],"data_offsets":[0,9223372036854775800]}})",
          "x")),
      "the file has 1 bytes of tensors"));
}

TEST_CASE("save_safetensors: what cannot be saved leaves the file as it was") {
  const TemporaryFolder folder;
  const std::string path = folder.write("state", "old");
  StateDict undefined, name, text, empty;
  undefined.set("x", Tensor());
  name.set("\xff", Tensor::scalar(1));
  text.set("x", "\xc3");
  empty.set("", Tensor::scalar(1));
  for (const StateDict& state : {undefined, name, text, empty}) {
    CHECK(contains(error_of([&] { save_safetensors(path, state); }), "[save_safetensors] " + path));
    CHECK(read_file(path) == "old");
    CHECK(folder.names().size() == 1);
  }
}
