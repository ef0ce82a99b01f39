#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <plumb/core/io/internal/npy_header.hpp>
#include <plumb/core/io/npy.hpp>

#include "../../support/errors.hpp"
#include "../../support/temporary_folder.hpp"

using namespace plumb;
using test::contains;
using test::error_of;

namespace {

// A file of version 1.0 with this dict.
std::string npy(const std::string& dict, const std::string& data, char version = 1) {
  std::string out("\x93NUMPY");
  out += {version, '\0', static_cast<char>(dict.size() & 255), static_cast<char>(dict.size() >> 8)};
  if (version > 1) out += std::string(2, '\0');
  return out + dict + data;
}

std::string dict(const std::string& descr, const std::string& order, const std::string& shape) {
  return "{'descr': '" + descr + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }";
}

std::string floats(std::initializer_list<float> values) {
  return {reinterpret_cast<const char*>(values.begin()), 4 * values.size()};
}

// What load_npy says of a file, behind its path; "" for nothing.
std::string problem(const test::TemporaryFolder& folder, const std::string& bytes) {
  const std::string path = folder.write("x.npy", bytes);
  const std::string message = error_of([&] { load_npy(path); }), begin = "[load_npy] " + path;
  return message.empty() ? "" : message.substr(begin.size() + 2);
}

}  // namespace

TEST_CASE("npy: every element type and shape comes back") {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/x.npy";
  for (const Tensor& x :
       {Tensor::from<float>({1, -0.f, std::numeric_limits<float>::quiet_NaN()}), Tensor::scalar(3),
        Tensor::from<double>({1e300, 2, 3, 4, 5, 6}, {2, 3}),
        Tensor::from<std::int64_t>({INT64_MIN}), Tensor::from<std::uint8_t>({0, 255}, {1, 2, 1}),
        Tensor::empty({0, 3}, DType::int64)}) {
    CAPTURE(to_string(x));
    save_npy(path, x);
    const Tensor y = load_npy(path);
    CHECK(y.shape() == x.shape());
    CHECK(y.dtype() == x.dtype());
    CHECK((x.bytes() == 0 || std::memcmp(x.raw(), y.raw(), x.bytes()) == 0));
    CHECK((test::read_file(path).size() - x.bytes()) % 64 == 0);
  }
  CHECK(contains(test::read_file(path),
                 "{'descr': '<i8', 'fortran_order': False, 'shape': (0, 3), }"));
}

TEST_CASE("npy: what NumPy writes besides: other versions, Fortran order, booleans") {
  const test::TemporaryFolder folder;
  const std::string data = floats({1, 2, 3, 4, 5, 6});
  for (const char version : {1, 2, 3})
    CHECK(load_npy(folder.write("x.npy", npy(dict("<f4", "False", "(2, 3)"), data, version)))
              .at({0, 1}) == 2);
  const Tensor turned = load_npy(folder.write("x.npy", npy(dict("<f4", "True", "(2, 3)"), data)));
  CHECK(turned.shape() == Shape{2, 3});
  CHECK(turned.to_vector<float>() == std::vector<float>{1, 3, 5, 2, 4, 6});
  const Tensor flat = load_npy(folder.write(
      "x.npy", npy("{\"shape\":(6),\"fortran_order\":True,\"descr\":\"<f4\"}\n", data)));
  CHECK(flat.at({5}) == 6);
  const Tensor mask =
      load_npy(folder.write("x.npy", npy(dict("|b1", "False", "(2,)"), std::string("\1\0", 2))));
  CHECK(mask.to_vector<std::uint8_t>() == std::vector<std::uint8_t>{1, 0});
}

TEST_CASE("npy: files that lie are refused before anything is allocated") {
  const test::TemporaryFolder folder;
  const std::string data = floats({1, 2});
  CHECK(problem(folder, npy(dict("<f4", "False", "(2,)"), data)) == "");
  CHECK(problem(folder, "") == "the file ends within the header");
  CHECK(contains(problem(folder, std::string("\x93NUMPX\1\0 and more", 18)),
                 "does not begin with \\x93NUMPY"));
  CHECK(contains(problem(folder, npy("{}", "", 4)), "is of version 4.0"));
  CHECK(contains(problem(folder, std::string("\x93NUMPY\2\0\xff\xff\xff\xff", 12)),
                 "the header declares 4294967295 bytes"));
  CHECK(contains(problem(folder, npy(dict("<f4", "False", "(3,)"), data)),
                 "declares [3] of float32 = 12 bytes, the file holds 8"));
  CHECK(contains(problem(folder, npy(dict("<f4", "False", "(1,)"), data)), "= 4 bytes, the file"));
  for (const char* shape : {"(4611686018427387904,)", "(0, 4611686018427387904, 2)"})
    CHECK(contains(problem(folder, npy(dict("<f4", "False", shape), "")), "more than 2^63 - 1"));
  CHECK(contains(problem(folder, npy(dict("<f4", "False", "(9223372036854775808,)"), data)),
                 "a size beyond 2^63 - 1"));
  CHECK(contains(problem(folder, npy(dict("<f4", "False", "(1,1,1,1,1,1,1,1,2)"), data)),
                 "more than 8 axes"));
  CHECK(problem(folder, npy(dict("|b1", "False", "(1,)"), "\2")) ==
        "the array is of booleans and holds 2");
}

TEST_CASE("npy: what has no type here is refused by name") {
  const test::TemporaryFolder folder;
  for (const char* type : {"<u8", ">u8", "<U3", "|S4", "|O", "<c8", "<f16", "<M8[s]", "|V4", "|i4",
                           "<i1", "=f4", "f4", "", "<"})
    CHECK(contains(problem(folder, npy(dict(type, "False", "(2,)"), floats({1, 2}))),
                   errors::text("is of type '", type, "', expected float16 to float64")));
}

TEST_CASE("npy: types that plumb has not become the nearest that it has") {
  const test::TemporaryFolder folder;
  const auto load = [&](const char* type, const std::string& bytes) {
    return load_npy(folder.write("x.npy", npy(dict(type, "False", "(2,)"), bytes)));
  };
  const auto is_int64 = [](const Tensor& x, std::int64_t a, std::int64_t b) {
    return x.dtype() == DType::int64 && x.to_vector<std::int64_t>() == std::vector{a, b};
  };
  CHECK(is_int64(load("|i1", {'\x80', '\x7f'}), -128, 127));
  CHECK(is_int64(load("<i2", {'\x01', '\x80', '\xff', '\x7f'}), -32767, 32767));
  CHECK(is_int64(load(">i2", {'\x80', '\x01', '\x7f', '\xff'}), -32767, 32767));
  CHECK(is_int64(load("<u2", {'\xff', '\xff', '\x02', '\x01'}), 65535, 258));
  CHECK(is_int64(load(">u2", {'\xff', '\xff', '\x01', '\x02'}), 65535, 258));
  CHECK(is_int64(load("<i4", {'\xfe', '\xff', '\xff', '\xff', 4, 3, 2, 1}), -2, 0x01020304));
  CHECK(is_int64(load(">i4", {'\xff', '\xff', '\xff', '\xfe', 1, 2, 3, 4}), -2, 0x01020304));
  CHECK(
      is_int64(load("<u4", {'\xfe', '\xff', '\xff', '\xff', 4, 3, 2, 1}), 4294967294, 0x01020304));
  CHECK(
      is_int64(load(">u4", {'\xff', '\xff', '\xff', '\xfe', 1, 2, 3, 4}), 4294967294, 0x01020304));
  CHECK(is_int64(load(">i8", {'\x80', 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 2}), INT64_MIN + 1,
                 258));
  // 1.5 and the smallest number, -2 and infinity.
  const Tensor halves = load("<f2", {0, '\x3e', 1, 0});
  CHECK(halves.dtype() == DType::float32);
  CHECK(halves.to_vector<float>() == std::vector<float>{1.5f, std::ldexp(1.f, -24)});
  CHECK(load(">f2", {'\xc0', 0, '\x7c', 0}).to_vector<float>() ==
        std::vector<float>{-2, std::numeric_limits<float>::infinity()});
  CHECK(load(">f4", {'\x3f', '\x80', 0, 0, '\xc0', 0, 0, 0}).to_vector<float>() ==
        std::vector<float>{1, -2});
  const Tensor wide = load(">f8", {'\x3f', '\xf0', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
  CHECK(wide.dtype() == DType::float64);
  CHECK(wide.to_vector<double>() == std::vector<double>{1, 4.9406564584124654e-324});

  const Tensor turned = load_npy(folder.write(
      "x.npy", npy(dict(">i2", "True", "(2, 2)"), std::string("\0\1\0\2\0\3\0\4", 8))));
  CHECK(turned.to_vector<std::int64_t>() == std::vector<std::int64_t>{1, 3, 2, 4});
  CHECK(load_npy(folder.write("x.npy", npy(dict("<i2", "False", "(3, 0)"), ""))).shape() ==
        Shape{3, 0});
  CHECK(problem(folder, npy(dict("<i2", "False", "(3,)"), "12345")) ==
        "the header declares [3] of int16 = 6 bytes, the file holds 5");
  // As int64 it would have more bytes than can be counted.
  CHECK(contains(problem(folder, npy(dict("|i1", "False", "(2305843009213693952,)"), "")),
                 "more than 2^63 - 1"));
}

TEST_CASE("npy: headers that are no dict of an array") {
  const test::TemporaryFolder folder;
  const std::string whole = dict("<f4", "False", "()"), data = floats({1});
  CHECK(problem(folder, npy(whole, data)) == "");
  for (std::size_t length = 0; length < whole.size(); ++length) {
    CAPTURE(length);
    CHECK(problem(folder, npy(whole.substr(0, length), data)) != "");
  }
  for (const std::string& header : std::vector<std::string>{
           "{'descr': '<f4', 'fortran_order': False}", "{'descr': '<f4', 'shape': ()}",
           "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': ()}",
           "{'descr': '<f4', 'fortran_order': False, 'shape': (), 'more': 1}", whole + "x",
           "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': ()}",
           "{'descr': '<f4', 'fortran_order': 0, 'shape': ()}",
           "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
           "{'descr': '<f4', 'fortran_order': False, 'shape': (1 1)}",
           "{'descr': '<f4', 'fortran_order': False, 'shape': 1}",
           "{'descr': '<f4', 'fortran_order': False, 'shape': (1.0,)}"}) {
    CAPTURE(header);
    CHECK(problem(folder, npy(header, data)) != "");
  }
}
