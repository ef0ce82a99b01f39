#include <doctest/doctest.h>

#include <plumb/core/io/internal/safetensors_header.hpp>

#include "../../support/errors.hpp"

using namespace plumb;
using test::contains;

namespace {

const detail::Origin origin{"load", "file"};

detail::SafetensorsHeader parse(const std::string& text, std::uint64_t data_bytes) {
  return detail::parse_safetensors_header(origin, text, data_bytes);
}

std::string entry(const std::string& name, const std::string& type, const std::string& shape,
                  const std::string& offsets) {
  return "\"" + name + "\":{\"dtype\":\"" + type + "\",\"shape\":" + shape +
         ",\"data_offsets\":" + offsets + "}";
}

// What is wrong with a header of one tensor, "" for nothing.
std::string problem(const std::string& header, std::uint64_t data_bytes = 24) {
  const std::string message = test::error_of([&] { parse(header, data_bytes); });
  const std::string begin = "[load] file: ";
  return message.rfind(begin, 0) == 0 ? message.substr(begin.size()) : message;
}

}  // namespace

TEST_CASE("safetensors header: tensors in the order of their bytes") {
  const auto header = parse(
      "{" + entry("b", "F32", "[2,3]", "[8,32]") + ",\"__metadata__\":{\"a\":\"\\u00e4\"}," +
          entry("a", "I64", "[]", "[0,8]") + "," + entry("c", "U8", "[0,5]", "[32,32]") + "}   ",
      32);
  REQUIRE(header.tensors.size() == 3);
  CHECK(header.tensors[0].name == "a");
  CHECK(header.tensors[0].shape == Shape{});
  CHECK(header.tensors[1].name == "b");
  CHECK(header.tensors[1].shape == Shape{2, 3});
  CHECK(header.tensors[1].type == "F32");
  CHECK(header.tensors[1].begin == 8);
  CHECK(header.tensors[2].bytes() == 0);
  CHECK(header.metadata.at("a") == "\xc3\xa4");
  CHECK(parse("{}", 0).tensors.empty());
}

TEST_CASE("safetensors header: what it writes it reads") {
  std::vector<detail::StoredTensor> tensors = {{"x \" \\ \n\xc3\xa4", "F64", {2, 1}, 0, 16},
                                               {"y", "U8", {}, 16, 17}};
  const std::string text =
      detail::safetensors_header_text(origin, tensors, {{"b", "1"}, {"a", "\"\t"}});
  CHECK(text.rfind("{\"__metadata__\":{\"b\":\"1\",", 0) == 0);
  const auto header = parse(text, 17);
  REQUIRE(header.tensors.size() == 2);
  CHECK(header.tensors[0].name == tensors[0].name);
  CHECK(header.tensors[0].shape == Shape{2, 1});
  CHECK(header.metadata.at("a") == "\"\t");
  tensors[0].name = "\xff";
  CHECK(contains(test::error_of([&] { detail::safetensors_header_text(origin, tensors, {}); }),
                 "no UTF-8"));
  for (const char* name : {"", "__metadata__"}) {
    tensors[0].name = name;
    CHECK(contains(test::error_of([&] { detail::safetensors_header_text(origin, tensors, {}); }),
                   "cannot be saved under the name"));
  }
}

TEST_CASE("safetensors header: places that leave a hole, overlap, or do not end with the file") {
  const std::string a = entry("a", "U8", "[8]", "[0,8]");
  CHECK(problem("{" + a + "," + entry("b", "U8", "[8]", "[16,24]") + "}") ==
        "a hole before tensor 'b': it begins at byte 16, the one before ends at 8");
  CHECK(problem("{" + a + "," + entry("b", "U8", "[20]", "[4,24]") + "}") ==
        "an overlap before tensor 'b': it begins at byte 4, the one before ends at 8");
  CHECK(problem("{" + a + "," + entry("b", "U8", "[8]", "[0,8]") + "}") ==
        "an overlap before tensor 'b': it begins at byte 0, the one before ends at 8");
  CHECK(problem("{" + a + "}") == "the tensors end at byte 8, the file has 24 bytes of tensors");
  CHECK(problem("{}") == "the tensors end at byte 0, the file has 24 bytes of tensors");
  CHECK(problem("{" + entry("a", "U8", "[8]", "[8,0]") + "}") ==
        "tensor 'a' lies at [8, 0), the file has 24 bytes of tensors");
  CHECK(problem("{" + entry("a", "U8", "[25]", "[0,25]") + "}") ==
        "tensor 'a' lies at [0, 25), the file has 24 bytes of tensors");
}

TEST_CASE("safetensors header: sizes that contradict the bytes, in any order of the axes") {
  CHECK(problem("{" + entry("a", "F32", "[2,4]", "[0,24]") + "}") ==
        "tensor 'a' of shape [2, 4] and type F32 takes 32 bytes, it has 24");
  for (const char* shape : {"[0,9223372036854775807,4]", "[9223372036854775807,4,0]",
                            "[4294967296,4294967296,6]", "[2305843009213693952]"}) {
    CAPTURE(shape);
    CHECK(contains(problem("{" + entry("a", "F32", shape, "[0,24]") + "}"), "exceeds 2^63 - 1"));
  }
  CHECK(problem("{" + entry("a", "U8", "[9223372036854775808]", "[0,24]") + "}") ==
        "tensor 'a' has a size of 9223372036854775808, beyond 2^63 - 1");
  CHECK(problem("{" + entry("a", "U8", "[18446744073709551616]", "[0,24]") + "}") ==
        "tensor 'a' has a fraction in the wrong place");
  CHECK(problem("{" + entry("a", "U8", "[1,1,1,1,1,1,1,1,24]", "[0,24]") + "}") ==
        "tensor 'a' has more than 8 axes");
}

TEST_CASE("safetensors header: types that plumb does not have are named") {
  for (const char* type : {"I32", "U16", "F8_E4M3", "f32", ""})
    CHECK(problem("{" + entry("a", type, "[24]", "[0,24]") + "}") ==
          errors::text("tensor 'a' is of type ", type,
                       ", expected F64, F32, F16, BF16, I64, U8 or BOOL"));
}

TEST_CASE("safetensors header: names that are empty or there twice") {
  const std::string a = entry("a", "U8", "[24]", "[0,24]"), none = entry("z", "U8", "[0]", "[0,0]");
  CHECK(problem("{" + a + "," + none + "," + none + "}") == "tensor 'z' is there twice");
  CHECK(problem("{" + none + "," + entry("\\u007a", "U8", "[24]", "[0,24]") + "}") ==
        "tensor 'z' is there twice");
  CHECK(problem("{" + entry("", "U8", "[24]", "[0,24]") + "}") ==
        "the header has a tensor with an empty name");
  CHECK(problem("{\"__metadata__\":{},\"__metadata__\":{}," + a + "}") ==
        "the header has two of __metadata__");
  CHECK(problem("{\"__metadata__\":{\"k\":\"1\",\"k\":\"1\"}," + a + "}") ==
        "the header has metadata 'k' twice");
  CHECK(problem(R"({"a":{"dtype":"U8","dtype":"U8","shape":[24],"data_offsets":[0,24]}})") ==
        "tensor 'a' has a field twice");
}

TEST_CASE("safetensors header: JSON of another structure") {
  const std::string a = entry("a", "U8", "[24]", "[0,24]");
  for (const std::string& header : std::vector<std::string>{
           "",
           " {" + a + "}",
           "[]",
           "{",
           "{" + a,
           "{" + a + "}}",
           "{" + a + ",}",
           "{" + a + "} x",
           "{\"a\":1}",
           "{\"a\":\"b\"}",
           "{\"a\":[]}",
           "{\"a\":null}",
           "{\"a\":true}",
           "{\"a\":{}}",
           "{\"a\":{\"dtype\":\"U8\",\"shape\":[24]}}",
           R"({"a":{"dtype":"U8","shape":[24],"data_offsets":[0]}})",
           R"({"a":{"dtype":"U8","shape":[24],"data_offsets":[0,24,24]}})",
           R"({"a":{"dtype":"U8","shape":[24],"data_offsets":[0,24.0]}})",
           R"({"a":{"dtype":"U8","shape":[-24],"data_offsets":[0,24]}})",
           R"({"a":{"dtype":"U8","shape":[[24]],"data_offsets":[0,24]}})",
           R"({"a":{"dtype":"U8","shape":24,"data_offsets":[0,24]}})",
           R"({"a":{"dtype":["U8"],"shape":[24],"data_offsets":[0,24]}})",
           R"({"a":{"dtype":{"dtype":"U8"},"shape":[24],"data_offsets":[0,24]}})",
           "{\"__metadata__\":1," + a + "}",
           "{\"__metadata__\":{\"k\":1}," + a + "}",
           "{\"__metadata__\":{\"k\":{}}," + a + "}",
           "{\"\xff\":" + a.substr(4) + "}",
           "{" + a + "}" + std::string(1, '\0'),
           "{" + a + std::string(1, '\0') + "}"}) {
    CAPTURE(header);
    CHECK(problem(header) != "");
  }
  CHECK(problem("{" + a + "}") == "");
}

TEST_CASE("safetensors header: nesting, counts and strings are bounded") {
  CHECK(problem("{\"a\":" + std::string(50'000'000, '[')) ==
        "tensor 'a' has a list in the wrong place");
  CHECK(contains(problem("{\"" + std::string(2 << 20, 'a') + "\":"), "has a string of 2097153"));
  std::string many = "{";
  for (int i = 0; i < 70'000; ++i) many += entry(errors::text("t", i), "U8", "[0]", "[0,0]") + ",";
  CHECK(problem(many) == "the header has more than 65536 tensors");
  many = "{\"__metadata__\":{";
  for (int i = 0; i < 140'000; ++i) many += errors::text("\"", i, "\":\"\",");
  CHECK(problem(many) == "the header has more than 131072 entries of metadata");
  many = "{\"__metadata__\":{";
  for (int i = 0; i < 20; ++i)
    many += errors::text("\"", i, "\":\"", std::string(1'000'000, 'a'), "\",");
  CHECK(problem(many) == "the header has names and metadata beyond 16 MiB");
}

TEST_CASE("safetensors header: what the reference reader leaves alone is left alone") {
  const std::string fields = "\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]";
  for (const char* value :
       {"null", "true", "-1", "7", "1.5e3", "\"dtype\"", "[]", "{}", "[1,[2,{\"shape\":[9]}],null]",
        "{\"dtype\":\"F32\",\"a\":{\"data_offsets\":[0,1]},\"b\":[{}]}"}) {
    const std::string extra = "\"extra\":" + std::string(value);
    for (const std::string& inside :
         {extra + "," + fields, fields + "," + extra, extra + "," + fields + "," + extra}) {
      const auto header = parse("{\"a\":{" + inside + "}}", 3);
      REQUIRE(header.tensors.size() == 1);
      CHECK(header.tensors[0].shape == Shape{3});
      CHECK(header.tensors[0].type == "U8");
    }
  }
  CHECK(parse("{\"__metadata__\":null,\"a\":{" + fields + "}}", 3).metadata.empty());
  CHECK(contains(problem("{\"__metadata__\":{\"a\":null}}", 0), "null in the wrong place"));
  CHECK(contains(problem("{\"__metadata__\":null,\"__metadata__\":null}", 0), "two of"));
  CHECK(contains(problem("{\"a\":null}", 0), "null in the wrong place"));
  CHECK(contains(problem("{\"a\":{\"extra\":1}}", 0), "lacks one of"));
  const std::string deep = std::string(1000, '[') + std::string(1000, ']');
  CHECK(contains(problem("{\"a\":{" + fields + ",\"extra\":" + deep + "}}", 3),
                 "a list in the wrong place"));
}
