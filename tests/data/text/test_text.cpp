#include <doctest/doctest.h>

#include <algorithm>
#include <plumb/core/io/checkpoint.hpp>
#include <plumb/data.hpp>

#include "../support.hpp"

using namespace plumb;
using plumb::data::TextUnit;
using plumb::test::contains;
using plumb::test::error_of;
using plumb::test::TemporaryFolder;

namespace {

using Ids = std::vector<std::int64_t>;

std::string refusal(const std::string& path, TextUnit unit = TextUnit::character) {
  const std::string error = error_of([&] { data::load_text(path, unit); });
  const std::string start = "[load_text] " + path + ": ";
  REQUIRE(error.substr(0, start.size()) == start);
  return error.substr(start.size());
}

Tensor counted(std::int64_t n) { return Tensor::arange(n); }

}  // namespace

TEST_CASE("load_text: every byte arrives, plain and gzip, whatever the size") {
  const TemporaryFolder folder;
  for (const std::size_t size : {0, 1, 65535, 65536, 65537, 300000}) {
    std::string content;
    for (std::size_t i = 0; i < size; ++i) content += "one\r\ntwo \t"[i * i % 10];
    CHECK(data::load_text(folder.write("plain", content)) == content);
    CHECK(data::load_text(folder.write("zipped", test::gzip(content))) == content);
  }
  const std::string marked =
      "\xef\xbb\xbf"
      "a";
  CHECK(data::load_text(folder.write("marked", marked)) == marked);
}

TEST_CASE("load_text: invalid UTF-8 is refused with byte and line, bytes are taken") {
  const TemporaryFolder folder;
  const struct {
    const char* content;
    const char* problem;
  } cases[] = {
      {"abc\n\nd\xff", "byte 6 (line 3) is no UTF-8: 0xff"},
      {"\xc3", "byte 0 (line 1) is no UTF-8: 0xc3"},              // cut off
      {"a\x80", "byte 1 (line 1) is no UTF-8: 0x80"},             // no first byte
      {"\xc0\xaf", "byte 0 (line 1) is no UTF-8: 0xc0"},          // overlong
      {"\xe0\x80\x80", "byte 0 (line 1) is no UTF-8: 0xe0"},      // overlong
      {"\xed\xa0\x80", "byte 0 (line 1) is no UTF-8: 0xed"},      // a surrogate
      {"\xf4\x90\x80\x80", "byte 0 (line 1) is no UTF-8: 0xf4"},  // beyond U+10FFFF
      {"\xe2\x82\n", "byte 0 (line 1) is no UTF-8: 0xe2"},
  };
  for (const auto& [content, problem] : cases) {
    const std::string path = folder.write("a", content);
    CHECK(refusal(path) == problem);
    CHECK(data::load_text(path, TextUnit::byte) == content);
  }
}

TEST_CASE("load_text: missing, a directory, gzip that is damaged") {
  const TemporaryFolder folder;
  CHECK(refusal(folder.path() + "/none") == "No such file or directory");
  CHECK(refusal(folder.path()) == "Is a directory");
  const std::string zipped = test::gzip("some text");
  CHECK(refusal(folder.write("a", zipped.substr(0, zipped.size() - 3))) ==
        "the gzip data is truncated");
}

TEST_CASE("split_text: the first part of the characters trains") {
  const data::TextParts plain = data::split_text("0123456789abcdefghi");
  CHECK(plain.train == "0123456789abcdefg");  // 17.1 of 19
  CHECK(plain.validation == "hi");
  const std::string accents = "\xc3\xa9\xc3\xa9z\xe2\x82\xac";  // e', e', z, the euro
  CHECK(data::split_text(accents, 0.5).train == "\xc3\xa9\xc3\xa9");
  CHECK(data::split_text(accents, 0.75).validation == "\xe2\x82\xac");
  CHECK(data::split_text(accents, 0.5, TextUnit::byte).train == "\xc3\xa9\xc3\xa9");
  CHECK(data::split_text(accents, 0.4, TextUnit::byte).train == "\xc3\xa9\xc3");
  CHECK(data::split_text(accents, 1).train == accents);
  CHECK(data::split_text(accents, 0).validation == accents);
  CHECK(data::split_text("", 0.9).train.empty());
  CHECK(error_of([] { data::split_text("a", 1.5); }) ==
        "[split_text] the part that trains must be in [0, 1], got 1.5");
  CHECK(contains(error_of([] { data::split_text("a\xff"); }), "byte 1 (line 1)"));
}

TEST_CASE("Vocabulary: the sorted set of characters, and back") {
  const data::Vocabulary letters("hello\nworld");
  CHECK(letters.size() == 8);  // \n d e h l o r w
  CHECK(letters.encode("held").to_vector<std::int64_t>() == Ids{3, 2, 4, 1});
  CHECK(letters.decode(Tensor::from(Ids{0, 7, 5, 6, 4, 1})) == "\nworld");
  CHECK(letters.decode(Tensor::from(Ids{3, 2, 4, 4}, {2, 2})) == "hell");
  CHECK(letters.encode("").shape() == Shape{0});

  const std::string mixed = "z\xc3\xa9\xe2\x82\xac\xf0\x9f\x99\x82 a\xc3\xa9";
  const data::Vocabulary characters(mixed), bytes(mixed, TextUnit::byte);
  CHECK(characters.size() == 6);  // space a z e' euro smile
  CHECK(characters.encode("a\xf0\x9f\x99\x82").to_vector<std::int64_t>() == Ids{1, 5});
  CHECK(characters.token(3) == "\xc3\xa9");
  CHECK(characters.decode(characters.encode(mixed)) == mixed);
  CHECK(bytes.decode(bytes.encode(mixed)) == mixed);
  CHECK(bytes.encode(mixed).numel() == 14);
  CHECK(bytes.token(bytes.size() - 1) == "\xf0");

  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  const data::Vocabulary every(all, TextUnit::byte);
  CHECK(every.size() == 256);
  CHECK(every.decode(every.encode(all)) == all);
}

TEST_CASE("Vocabulary: what it does not know is refused with its place") {
  const data::Vocabulary letters("abc\n");
  CHECK(error_of([&] { letters.encode("ab\nc\xc3\xa9"); }) ==
        "[Vocabulary] U+00E9 at byte 4 (line 2) is none of the 4 characters of the vocabulary");
  CHECK(error_of([&] { letters.encode("abA"); }) ==
        "[Vocabulary] U+0041 at byte 2 (line 1) is none of the 4 characters of the vocabulary");
  CHECK(error_of([&] { letters.encode("\xf0\x9f\x99\x82"); }) ==
        "[Vocabulary] U+1F642 at byte 0 (line 1) is none of the 4 characters of the vocabulary");
  CHECK(error_of([&] { letters.encode("a\x80"); }) ==
        "[Vocabulary] byte 1 (line 1) is no UTF-8: 0x80");
  CHECK(error_of([] { data::Vocabulary("\xff"); }) ==
        "[Vocabulary] byte 0 (line 1) is no UTF-8: 0xff");
  const data::Vocabulary bytes("abc", TextUnit::byte);
  CHECK(error_of([&] { bytes.encode("a\x0f"); }) ==
        "[Vocabulary] 0x0f at byte 1 (line 1) is none of the 3 bytes of the vocabulary");
  CHECK(error_of([&] {
          letters.decode(Tensor::from(Ids{0, 4}));
        }) == "[Vocabulary] id 4 at position 1 is out of range [0, 4)");
  CHECK(error_of([&] { letters.token(-1); }) == "[Vocabulary] id -1 is out of range [0, 4)");
  CHECK(contains(error_of([] { data::Vocabulary().encode("a"); }), "none of the 0 characters"));
}

TEST_CASE("Vocabulary: a checkpoint gives it back, and refuses another") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/run.safetensors";
  for (const TextUnit unit : {TextUnit::character, TextUnit::byte}) {
    data::Vocabulary saved("caf\xc3\xa9", unit), loaded, other("tea", unit);
    Checkpoint writer, reader, refusing;
    writer.add("vocabulary", saved);
    writer.save(path);
    reader.add("vocabulary", loaded);
    reader.load(path);
    CHECK(loaded == saved);
    CHECK(loaded.decode(loaded.encode("f\xc3\xa9")) == "f\xc3\xa9");
    reader.load(path);  // the same again
    refusing.add("vocabulary", other);
    const std::string error = error_of([&] { refusing.load(path); });
    CHECK(contains(error, unit == TextUnit::byte ? "the 5 bytes of the state are not the 3 bytes"
                                                 : "the 4 characters of the state are not the 3"));
    CHECK(other == data::Vocabulary("tea", unit));
    other.load_state_dict(data::Vocabulary().state_dict());
    CHECK(other.size() == 0);
  }
}

TEST_CASE("Vocabulary: a state that makes none is refused, nothing changes") {
  const auto refusal_of = [](const char* unit, const Tensor& characters) {
    data::Vocabulary vocabulary;
    StateDict state;
    state.set("unit", unit);
    state.set("characters", characters);
    const std::string error = error_of([&] { vocabulary.load_state_dict(state); });
    CHECK(vocabulary.size() == 0);
    return error;
  };
  CHECK(contains(refusal_of("word", Tensor::from(Ids{1})), "got 'word'"));
  CHECK(contains(refusal_of("byte", Tensor::from(Ids{1, 256})), "bytes, got 256 at position 1"));
  CHECK(contains(refusal_of("byte", Tensor::from(Ids{-1})), "got -1 at position 0"));
  CHECK(contains(refusal_of("character", Tensor::from(Ids{2, 2})), "got 2 at position 1"));
  CHECK(contains(refusal_of("character", Tensor::from(Ids{0xd800})), "got 55296"));
  CHECK(contains(refusal_of("character", Tensor::from(Ids{INT64_MAX})), "at position 0"));
  CHECK(contains(refusal_of("character", Tensor::zeros({2})), "got [2] of float32"));
  CHECK(contains(refusal_of("character", Tensor::from(Ids{1}, {1, 1})), "got [1, 1] of int64"));
  data::Vocabulary vocabulary("a");
  CHECK(contains(error_of([&] { vocabulary.load_state_dict({}); }), "unit"));
}

TEST_CASE("TokenWindows: every place is a start, y is one ahead") {
  const data::TokenWindows windows(counted(7), 3);
  CHECK(windows.size() == 4);
  const data::Batch batch = windows.gather({3, 0, 0});
  CHECK(batch.x.shape() == Shape{3, 3});
  CHECK(batch.x.to_vector<std::int64_t>() == Ids{3, 4, 5, 0, 1, 2, 0, 1, 2});
  CHECK(batch.y.to_vector<std::int64_t>() == Ids{4, 5, 6, 1, 2, 3, 1, 2, 3});
  CHECK(!batch.lengths.defined());
  const data::TokenWindows apart(counted(8), 3, 3);
  CHECK(apart.size() == 2);
  CHECK(apart.gather({1}).y.to_vector<std::int64_t>() == Ids{4, 5, 6});
  CHECK(data::TokenWindows(counted(7), 3, 3).size() == 2);
  CHECK(data::TokenWindows(counted(6), 3, 3).size() == 1);
  CHECK(data::TokenWindows(counted(7), 6, 1000).size() == 1);
  const data::TokenWindows bytes(Tensor::from<std::uint8_t>({7, 255, 0}), 2);
  CHECK(bytes.gather({0}).x.to_vector<std::int64_t>() == Ids{7, 255});
  CHECK(bytes.gather({0}).y.to_vector<std::int64_t>() == Ids{255, 0});
}

TEST_CASE("TokenWindows, TokenStreams: what holds no window is refused") {
  CHECK(error_of([] { data::TokenWindows(counted(3), 3); }) ==
        "[TokenWindows] a window of 3 tokens and the one behind it do not fit into 3");
  CHECK(contains(error_of([] { data::TokenWindows(counted(0), INT64_MAX); }), "fit into 0"));
  CHECK(contains(error_of([] { data::TokenWindows(counted(3), 0); }), "at least 1 token, got 0"));
  CHECK(contains(error_of([] { data::TokenWindows(counted(3), 1, 0); }), "stride must be"));
  CHECK(contains(error_of([] { data::TokenWindows(Tensor::zeros({5}), 2); }), "[5] of float32"));
  CHECK(contains(error_of([] { data::TokenWindows(counted(6).reshape({2, 3}), 2); }), "[2, 3]"));
  CHECK(contains(error_of([] { data::TokenWindows(Tensor(), 2); }), "undefined"));
  CHECK(error_of([] { data::TokenWindows(counted(4), 3).gather({1}); }) ==
        "[TokenWindows] sample 1 is out of range [0, 1)");
  CHECK(error_of([] { data::TokenStreams(counted(12), 4, 3); }) ==
        "[TokenStreams] 12 tokens in 4 streams are 2 each with one behind them, a window has 3");
  CHECK(contains(error_of([] { data::TokenStreams(counted(0), 4, 3); }), "0 tokens in 4"));
  CHECK(contains(error_of([] { data::TokenStreams(counted(9), 0, 3); }), "at least 1 stream"));
  CHECK(contains(error_of([] { data::TokenStreams(counted(9), 2, 0); }), "at least 1 token"));
  CHECK(contains(error_of([] { data::TokenStreams(counted(9), 2, 2).gather({4}); }), "[0, 4)"));
}

TEST_CASE("TokenStreams: every batch goes on where the one before ended, row by row") {
  const std::int64_t tokens = 1000, streams = 7, length = 13;
  const auto text = std::make_shared<data::TokenStreams>(counted(tokens), streams, length);
  data::DataLoader loader(text, text->loader_options());
  CHECK(loader.batches() == 142 / 13);  // 999 / 7 in each row
  for (int epoch = 0; epoch < 2; ++epoch) {
    Ids ends;
    std::vector<bool> seen(tokens);
    for (const data::Batch& batch : loader) {
      REQUIRE(batch.x.shape() == Shape{streams, length});
      for (std::int64_t row = 0; row < streams; ++row) {
        const auto first = static_cast<std::int64_t>(batch.x.at({row, 0}));
        if (ends.size() == static_cast<std::size_t>(streams))
          CHECK(first == ends[static_cast<std::size_t>(row)] + 1);
        else
          CHECK(first == row * 142);
        for (std::int64_t i = 0; i < length; ++i) {
          CHECK(batch.x.at({row, i}) == static_cast<double>(first + i));
          CHECK(batch.y.at({row, i}) == static_cast<double>(first + i + 1));
          CHECK(!seen[static_cast<std::size_t>(first + i)]);
          seen[static_cast<std::size_t>(first + i)] = true;
        }
      }
      ends.clear();
      for (std::int64_t row = 0; row < streams; ++row)
        ends.push_back(static_cast<std::int64_t>(batch.x.at({row, length - 1})));
    }
    CHECK(std::count(seen.begin(), seen.end(), true) == streams * 10 * length);
  }
}

TEST_CASE("TokenWindows: random starts are the same after a resume") {
  const auto windows = std::make_shared<data::TokenWindows>(counted(500), 8);
  data::LoaderOptions options;
  options.batch_size = 4;
  options.seed = 5;
  options.sampler = std::make_shared<data::RandomSampler>(windows->size(), 22);
  data::DataLoader whole(windows, options), stopped(windows, options), resumed(windows, options);
  CHECK(whole.batches() == 6);
  std::vector<Ids> expected, got;
  for (int epoch = 0; epoch < 2; ++epoch)
    for (const data::Batch& batch : whole) expected.push_back(batch.x.to_vector<std::int64_t>());
  StateDict state;
  for (const data::Batch& batch : stopped) {
    got.push_back(batch.x.to_vector<std::int64_t>());
    state = stopped.state_dict();
    if (got.size() == 3) break;
  }
  resumed.load_state_dict(state);
  for (int loop = 0; loop < 2; ++loop)
    for (const data::Batch& batch : resumed) got.push_back(batch.x.to_vector<std::int64_t>());
  CHECK(got == expected);
}

TEST_CASE("Text: tinyshakespeare has 65 characters and splits as everywhere") {
  const std::string path = test::real_data("text/tinyshakespeare.txt");
  if (path.empty()) {
    MESSAGE("skipped: no text/tinyshakespeare.txt");
    return;
  }
  const data::TextParts parts = data::split_text(data::load_text(path));
  CHECK(parts.train.size() == 1003854);
  CHECK(parts.validation.size() == 111540);
  const data::Vocabulary vocabulary(parts.train);
  CHECK(vocabulary.size() == 65);
  CHECK(vocabulary.encode("\nz").to_vector<std::int64_t>() == Ids{0, 64});
  const Tensor ids = vocabulary.encode(parts.validation);
  CHECK(vocabulary.decode(ids) == parts.validation);
}
