#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <plumb/data.hpp>
#include <set>

#include "../support.hpp"

using namespace plumb;
using plumb::test::contains;
using plumb::test::error_of;

namespace {

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> result;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at) + 1;
    result.push_back(text.substr(at, end - at));
    at = end;
  }
  return result;
}

}  // namespace

TEST_CASE("draw_sentences: a pure function of seed and index") {
  const std::string all = data::draw_sentences(30, {5, 10});
  CHECK(all == data::draw_sentences(20, {5, 10}) + data::draw_sentences(10, {5, 30}));
  CHECK(data::draw_sentences(10, {6, 30}) != data::draw_sentences(10, {5, 30}));
  CHECK(data::draw_sentences(0).empty());
  // The same in every version.
  CHECK(data::draw_sentences(2) ==
        "some old small farmers that two birds see jump.\none farmer follows this lazy child.\n");
}

TEST_CASE("grammar_entropy: is the mean loss of the grammar itself") {
  const int parts = 40;
  double sum = 0, squares = 0;
  for (int part = 0; part < parts; ++part) {
    const double loss = data::grammar_loss(data::draw_sentences(500, {9, 500 * part}));
    sum += loss;
    squares += loss * loss;
  }
  const double mean = sum / parts, error = std::sqrt((squares / parts - mean * mean) / parts);
  CHECK(error < 0.002);
  CHECK(std::abs(mean - data::grammar_entropy()) < 4 * error);
}

// The loss is the logarithm of what is drawn as often as it says.
TEST_CASE("grammar_loss: sentences come as often as their probability says") {
  const std::int64_t n = 60000;
  std::map<std::string, std::int64_t> counts;
  for (const std::string& line : lines(data::draw_sentences(n, {1, 0}))) ++counts[line];
  std::vector<std::pair<std::int64_t, std::string>> often;
  for (const auto& [line, count] : counts) often.emplace_back(count, line);
  std::sort(often.rbegin(), often.rend());
  double probability = 0;
  for (std::size_t i = 0; i < 10; ++i) {
    const std::string& line = often[i].second;
    const double p = std::exp(-data::grammar_loss(line) * static_cast<double>(line.size()));
    const double expected = p * static_cast<double>(n);
    CAPTURE(line);
    CHECK(std::abs(static_cast<double>(often[i].first) - expected) < 5 * std::sqrt(expected));
    probability += p;
  }
  CHECK(probability > 0.005);
}

TEST_CASE("draw_sentences: verbs agree with their nouns, sentences nest") {
  const std::string text = data::draw_sentences(20000, {4, 0});
  CHECK(contains(text, "that"));
  std::set<char> letters(text.begin(), text.end());
  CHECK(static_cast<double>(text.size()) / 20000 == doctest::Approx(38).epsilon(0.02));
  CHECK(letters.size() == 28);
  std::int64_t nested = 0;
  for (const std::string& line : lines(text)) nested += line.find("that") != line.rfind("that");
  CHECK(nested > 200);
}

TEST_CASE("grammar_loss: text of something else is refused with its place") {
  CHECK(data::grammar_loss("a dog sleeps.\n") > 0);
  CHECK(data::grammar_loss("all lazy small cats that this bird sees like some kings.\n") > 0);
  for (const char* line :
       {"a dog sleep.\n", "all dogs sleeps.\n", "a dogs sleep.\n", "a dog sleeps\n",
        "a dog sleeps.", "a dog  sleeps.\n", " a dog sleeps.\n", "a dog sleeps .\n", "a dog.\n",
        ".\n", "\n", "a", "a dog that sleeps sees a cat.\n", "a dog that a cat sees sleep.\n",
        "a\ndog sleeps.\n", "a.dog sleeps.\n", "a dog sees.\n", "a dog sleeps a cat.\n"}) {
    CAPTURE(line);
    CHECK(error_of([&] { data::grammar_loss(line); }) ==
          "[grammar_loss] no sentence of the grammar begins at byte 0 (line 1)");
  }
  CHECK(error_of([] { data::grammar_loss("a dog sleeps.\nA dog sleeps.\n"); }) ==
        "[grammar_loss] no sentence of the grammar begins at byte 14 (line 2)");
  CHECK(error_of([] { data::grammar_loss(""); }) == "[grammar_loss] there is no text");
  CHECK(contains(error_of([] { data::draw_sentences(-1); }), "count must not be negative"));
  CHECK(contains(error_of([] { data::draw_sentences(1, {0, -1}); }), "first_index must not be"));
  CHECK(contains(error_of([] {
                   data::draw_sentences(2, {0, (std::int64_t{1} << 47) - 1});
                 }),
                 "below 2^47"));
}
