#include <doctest/doctest.h>

#include <plumb/core/io/npz.hpp>
#include <plumb/core/runtime/random.hpp>
#include <plumb/core/tensor/hash.hpp>

#include "../../support/errors.hpp"
#include "../../support/temporary_folder.hpp"

using namespace plumb;
using test::contains;
using test::error_of;
using test::read_file;

namespace {

StateDict arrays() {
  StateDict state;
  Generator generator(1);
  Tensor noise = Tensor::empty({100, 70});
  generator.fill_normal(noise);
  state.set("layer.weight", noise);
  state.set("zeros", Tensor::zeros({5000}, DType::float64));
  state.set("labels", Tensor::arange(5));
  state.set("\xc3\xa4", Tensor::full({}, 7, DType::uint8));
  state.set("none", Tensor::empty({0, 2}));
  return state;
}

bool equal_bits(const StateDict& a, const StateDict& b) {
  if (a.tensors().size() != b.tensors().size()) return false;
  for (const auto& [name, x] : a.tensors())
    if (!b.has_tensor(name) || hash(x) != hash(b.tensor(name))) return false;
  return true;
}

}  // namespace

TEST_CASE("npz: arrays come back by name, stored or deflated; equal arrays are equal files") {
  const test::TemporaryFolder folder;
  const std::string stored = folder.path() + "/stored.npz", small = folder.path() + "/small.npz";
  save_npz(stored, arrays());
  save_npz(small, arrays(), Compress::yes);
  CHECK(equal_bits(load_npz(stored), arrays()));
  CHECK(equal_bits(load_npz(small), arrays()));
  CHECK(read_file(small).size() + 30'000 < read_file(stored).size());
  const std::string before = read_file(stored);
  save_npz(stored, arrays());
  CHECK(read_file(stored) == before);
  CHECK(folder.names().size() == 2);
}

TEST_CASE("npz: zeros that shrink a thousandfold load") {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/x.npz";
  StateDict state;
  state.set("x", Tensor::zeros({4'000'000}));
  save_npz(path, state, Compress::yes);
  CHECK(read_file(path).size() < 16'000'000 / 900);
  CHECK(equal_bits(load_npz(path), state));
}

TEST_CASE("npz: truncated and damaged archives are refused") {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/x.npz";
  StateDict state;
  state.set("x", Tensor::arange(20));
  for (const Compress compress : {Compress::no, Compress::yes}) {
    save_npz(path, state, compress);
    const std::string whole = read_file(path);
    for (std::size_t length = 0; length < whole.size(); ++length) {
      CAPTURE(length);
      CHECK_THROWS_AS(load_npz(folder.write("cut.npz", whole.substr(0, length))), Error);
    }
    // A zip file has bits that say nothing of its arrays (dates, versions): whatever loads is
    // right.
    int refused = 0;
    for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
      std::string flipped = whole;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
      const std::string damaged = folder.write("flipped.npz", flipped);
      try {
        const StateDict loaded = load_npz(damaged);
        REQUIRE(loaded.tensors().size() == 1);
        CHECK(hash(loaded.tensors().begin()->second) == hash(state.tensor("x")));
      } catch (const Error& error) {
        CHECK(contains(error.what(), "[load_npz] " + damaged));
        ++refused;
      }
    }
    CHECK(refused > 1000);
  }
}

TEST_CASE("npz: archives of other things are refused") {
  const test::TemporaryFolder folder;
  const std::string path = folder.write("x.npz", "not a zip file");
  CHECK(contains(error_of([&] { load_npz(path); }), "[load_npz] " + path + ": is no zip file"));
  CHECK(error_of([] { load_npz("/nonexistent"); }) ==
        "[load_npz] /nonexistent: No such file or directory");
  CHECK(contains(error_of([&] { load_npz(folder.path()); }), "Is a directory"));

  StateDict state;
  state.set("x", Tensor::arange(2));
  save_npz(path, state);
  std::string bytes = read_file(path);
  for (std::size_t at = 0; (at = bytes.find("x.npy", at)) != std::string::npos; ++at)
    bytes.replace(at, 5, "x.txt");
  folder.write("x.npz", bytes);
  CHECK(contains(error_of([&] { load_npz(path); }), "'x.txt' is no array"));
}

TEST_CASE("npz: an array of strings is left out, and to ask for it says why") {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/x.npz";
  StateDict state;
  state.set("names", Tensor::arange(2));
  state.set("x", Tensor::arange(3));
  save_npz(path, state);
  // Two strings of two characters take as many bytes as two int64. The checksum is that of the
  // integers: what is left out is not read.
  std::string bytes = read_file(path);
  const std::size_t at = bytes.find("'<i8'");
  bytes.replace(at, 5, "'<U2'");
  folder.write("x.npz", bytes);
  const StateDict loaded = load_npz(path);
  CHECK(loaded.tensors().size() == 1);
  CHECK(loaded.tensor("x").to_vector<std::int64_t>() == std::vector<std::int64_t>{0, 1, 2});
  REQUIRE(loaded.left_out().size() == 1);
  CHECK(loaded.left_out().begin()->first == "names");
  const std::string why =
      errors::text("[StateDict] no tensor named 'names'; it was left out: [load_npz] ", path,
                   ": 'names.npy': the array is of type '<U2', expected");
  CHECK(contains(error_of([&] { loaded.tensor("names"); }), why));
  CHECK(contains(error_of([&] { loaded.clone().tensor("names"); }), why));
  StateDict whole;
  whole.insert("data", loaded);
  CHECK(whole.left_out().count("data.names") == 1);
  CHECK(whole.part("data").left_out() == loaded.left_out());
  CHECK(error_of([&] { loaded.tensor("y"); }) == "[StateDict] no tensor named 'y'");

  bytes.replace(bytes.find("'<i8'"), 5, "'|S8'");
  folder.write("x.npz", bytes);
  CHECK(contains(error_of([&] { load_npz(path); }), "holds no array of a type that can be loaded"));
}

TEST_CASE("npz: what it has no place for is refused, and the file stays") {
  const test::TemporaryFolder folder;
  const std::string path = folder.write("x.npz", "old");
  StateDict scalar = arrays(), empty, undefined, name;
  scalar.set("lr", 0.1);
  undefined.set("x", Tensor());
  name.set("", Tensor::scalar(1));
  CHECK(error_of([&] { save_npz(path, scalar); }) ==
        "[save_npz] " + path + ": 'lr' is a scalar, which .npz cannot hold");
  for (const StateDict& state : {empty, undefined, name})
    CHECK_THROWS_AS(save_npz(path, state), Error);
  CHECK(read_file(path) == "old");
  CHECK(folder.names().size() == 1);
  CHECK(contains(error_of([] { save_npz("/nonexistent/x", arrays()); }),
                 "[save_npz] /nonexistent/x: cannot create a file beside it"));
}
