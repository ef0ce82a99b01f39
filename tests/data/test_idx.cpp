#include <doctest/doctest.h>
#include <unistd.h>

#include <plumb/data.hpp>

#include "support.hpp"

using namespace plumb;
using plumb::test::contains;
using plumb::test::error_of;
using plumb::test::gzip;
using plumb::test::idx;
using plumb::test::TemporaryFolder;

namespace {

std::string bytes(std::initializer_list<int> values) {
  std::string out;
  for (const int value : values) out += static_cast<char>(value);
  return out;
}

std::string refusal(const std::string& path) {
  const std::string error = error_of([&] { data::load_idx(path); });
  const std::string start = "[load_idx] " + path + ": ";
  REQUIRE(error.substr(0, start.size()) == start);
  return error.substr(start.size());
}

}  // namespace

TEST_CASE("load_idx: reads every element type, plain and gzip") {
  const TemporaryFolder folder;
  const auto load = [&](const std::string& content) {
    const Tensor plain = data::load_idx(folder.write("plain.gz", content));
    const Tensor zipped = data::load_idx(folder.write("zipped", gzip(content)));
    CHECK(plain.shape() == zipped.shape());
    CHECK(to_string(plain) == to_string(zipped));
    return zipped;
  };
  const Tensor u8 = load(idx(0x08, {2, 3}, bytes({0, 1, 2, 253, 254, 255})));
  CHECK(u8.shape() == Shape{2, 3});
  CHECK(u8.to_vector<std::uint8_t>() == std::vector<std::uint8_t>{0, 1, 2, 253, 254, 255});
  const Tensor i8 = load(idx(0x09, {3}, bytes({1, 0x80, 0xff})));
  CHECK(i8.to_vector<std::int64_t>() == std::vector<std::int64_t>{1, -128, -1});
  const Tensor i16 = load(idx(0x0B, {1, 2}, bytes({0x12, 0x34, 0xff, 0xfe})));
  CHECK(i16.shape() == Shape{1, 2});
  CHECK(i16.to_vector<std::int64_t>() == std::vector<std::int64_t>{0x1234, -2});
  const Tensor i32 = load(idx(0x0C, {2}, bytes({0x12, 0x34, 0x56, 0x78, 0x80, 0, 0, 0})));
  CHECK(i32.to_vector<std::int64_t>() == std::vector<std::int64_t>{0x12345678, -2147483648});
  const Tensor f32 = load(idx(0x0D, {2}, bytes({0x3f, 0x80, 0, 0, 0xc0, 0x20, 0, 0})));
  CHECK(f32.to_vector<float>() == std::vector<float>{1.0f, -2.5f});
  const Tensor f64 = load(idx(0x0E, {1}, bytes({0x3f, 0xb9, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a})));
  CHECK(f64.to_vector<double>() == std::vector<double>{0.1});
}

TEST_CASE("load_idx: empty arrays and eight axes") {
  const TemporaryFolder folder;
  CHECK(data::load_idx(folder.write("a", idx(0x08, {0, 28, 28}, ""))).shape() == Shape{0, 28, 28});
  CHECK(data::load_idx(folder.write("a", gzip(idx(0x0E, {5, 0}, "")))).shape() == Shape{5, 0});
  const std::string deep = folder.write("a", idx(0x08, {1, 1, 1, 2, 1, 1, 1, 1}, "ab"));
  CHECK(data::load_idx(deep).shape() == Shape{1, 1, 1, 2, 1, 1, 1, 1});
}

TEST_CASE("load_idx: gzip that shrinks a thousandfold grows in steps") {
  const TemporaryFolder folder;
  std::string zeros(5000000, '\0');
  zeros.back() = 7;
  const Tensor x = data::load_idx(folder.write("a", gzip(idx(0x08, {5, 1000000}, zeros))));
  CHECK(x.shape() == Shape{5, 1000000});
  CHECK(x.at({4, 999999}) == 7);
  CHECK(x.at({4, 999998}) == 0);
}

TEST_CASE("load_idx: a pipe, whose size nobody knows") {
  const std::string content = idx(0x08, {1000}, std::string(1000, 'x'));
  for (const std::string& sent : {content, gzip(content)}) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    REQUIRE(::write(ends[1], sent.data(), sent.size()) == static_cast<ssize_t>(sent.size()));
    ::close(ends[1]);
    const Tensor x = data::load_idx("/dev/fd/" + std::to_string(ends[0]));
    CHECK(x.shape() == Shape{1000});
    CHECK(x.at({999}) == 'x');
    ::close(ends[0]);
  }
}

TEST_CASE("load_idx: refuses a wrong magic number, type or rank") {
  const TemporaryFolder folder;
  const auto of = [&](const std::string& content) { return refusal(folder.write("a", content)); };
  CHECK(of("") == "expected an IDX header, file holds 0 bytes");
  CHECK(of(bytes({0, 0, 8})) == "expected an IDX header, file holds 3 bytes");
  CHECK(of("\x89PNG....") == "not an IDX file, it begins with 0x89504e47");
  CHECK(of(bytes({0, 1, 8, 1, 0, 0, 0, 0})) == "not an IDX file, it begins with 0x00010801");
  CHECK(of(idx(0x0A, {1}, "x")) ==
        "element type 0x0a is none of 0x08, 0x09, 0x0b, 0x0c, 0x0d, 0x0e");
  CHECK(of(idx(0x08, {}, "x")) == "expected 1 to 8 axes, header declares 0");
  CHECK(of(idx(0x08, std::vector<std::uint32_t>(9, 1), "x")) ==
        "expected 1 to 8 axes, header declares 9");
  CHECK(of(bytes({0, 0, 8, 255})) == "expected 1 to 8 axes, header declares 255");
  CHECK(of(bytes({0, 0, 8, 2, 0, 0, 0, 1, 0, 0})) == "file ends within the header, at axis 1 of 2");
}

TEST_CASE("load_idx: refuses a file that holds less or more than it declares") {
  const TemporaryFolder folder;
  const auto of = [&](const std::string& content) { return refusal(folder.write("a", content)); };
  const std::string images(784, 'x');
  CHECK(of(idx(0x08, {60000, 28, 28}, images)) ==
        "header declares 60000x28x28 = 47040000 bytes, file holds 784");
  CHECK(of(gzip(idx(0x08, {28, 28, 28}, images))) ==
        "header declares 28x28x28 = 21952 bytes, file holds 784");
  CHECK(of(idx(0x08, {783}, images)) == "header declares 783 = 783 bytes, file holds 784");
  CHECK(of(gzip(idx(0x08, {783}, images))) == "header declares 783 = 783 bytes, file holds more");
  CHECK(of(idx(0x0E, {99}, images)) == "header declares 99 of 8 bytes = 792 bytes, file holds 784");
}

TEST_CASE("load_idx: every truncation is refused") {
  const TemporaryFolder folder;
  const std::string whole = idx(0x0B, {2, 3}, bytes({0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6}));
  for (std::size_t length = 0; length < whole.size(); ++length)
    CHECK_FALSE(refusal(folder.write("a", whole.substr(0, length))).empty());
  const std::string zipped = gzip(whole);
  for (std::size_t length = 0; length < zipped.size(); ++length)
    CHECK_FALSE(refusal(folder.write("a", zipped.substr(0, length))).empty());
}

TEST_CASE("load_idx: a small file that claims gigabytes is refused before allocating") {
  const TemporaryFolder folder;
  const auto of = [&](const std::string& content) { return refusal(folder.write("a", content)); };
  // 2^31 x 2^31 bytes cannot be had on any machine: the refusal shows that none were asked for.
  const std::string huge = idx(0x08, {0x80000000, 0x80000000}, "");
  const std::string claim = "header declares 2147483648x2147483648 = 4611686018427387904 bytes";
  CHECK(of(huge) == claim + ", file holds 0");
  CHECK(of(gzip(huge)) ==
        claim + ", more than gzip can make of " + std::to_string(gzip(huge).size()));
  CHECK(of(idx(0x08, {1800000000}, "")) ==
        "header declares 1800000000 = 1800000000 bytes, file holds 0");
  const std::string sizes = "[4294967295, 4294967295, 4294967295]";
  CHECK(of(idx(0x08, {0xffffffff, 0xffffffff, 0xffffffff}, "")) ==
        "header declares " + sizes + " elements, more than 2^63 - 1 bytes");
  CHECK(contains(of(idx(0x08, {0, 0xffffffff, 0xffffffff, 0xffffffff}, "")), "more than 2^63"));
}

TEST_CASE("load_idx: a gzip bomb is left behind its declared size") {
  const TemporaryFolder folder;
  const std::string bomb = gzip(idx(0x08, {1000}, std::string(20000000, 'x')));
  // Were the rest inflated, the missing end would be what is complained about.
  const std::string path = folder.write("a", bomb.substr(0, bomb.size() - 100));
  CHECK(refusal(path) == "header declares 1000 = 1000 bytes, file holds more");
}

TEST_CASE("load_idx: gzip that declares more than gzip can hold is refused before it is inflated") {
  const TemporaryFolder folder;
  // The first megabytes are there; what is behind them would be complained about.
  const std::string some = gzip(idx(0x08, {3'300'000, 1000, 1000}, std::string(5'000'000, 0)));
  CHECK(refusal(folder.write("a", some)) ==
        "header declares 3300000x1000x1000 = 3300000000000 bytes, more than gzip can make of " +
            std::to_string(some.size()));
  const std::string zeros = gzip(idx(0x08, {20'000'000}, std::string(20'000'000, 0)));
  CHECK(data::load_idx(folder.write("a", zeros)).numel() == 20'000'000);
}

TEST_CASE("load_idx: gzip trouble behind the last element is noticed") {
  const TemporaryFolder folder;
  const std::string good = gzip(idx(0x08, {3}, "abc"));
  std::string flipped = good;
  flipped[good.size() - 6] ^= 4;
  CHECK(refusal(folder.write("a", flipped)) == "the gzip data is corrupt: incorrect data check");
  CHECK(refusal(folder.write("a", good + "tail")) == "garbage after the end of the gzip data");
  CHECK(refusal(folder.write("a", good.substr(0, good.size() - 1))) ==
        "the gzip data is truncated");
  CHECK(refusal(folder.write("a", good + gzip("d"))) ==
        "header declares 3 = 3 bytes, file holds more");
  const std::string halves = gzip(idx(0x08, {3}, "a")) + gzip("bc");
  CHECK(data::load_idx(folder.write("a", halves)).to_vector<std::uint8_t>() ==
        std::vector<std::uint8_t>{'a', 'b', 'c'});
}

TEST_CASE("load_idx: missing, directory: path and errno's text") {
  const TemporaryFolder folder;
  CHECK(refusal(folder.path() + "/missing") == "No such file or directory");
  CHECK(refusal(folder.path()) == "Is a directory");
}
