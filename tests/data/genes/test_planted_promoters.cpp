#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <plumb/data.hpp>

#include "../support.hpp"

using namespace plumb;
using plumb::test::contains;
using plumb::test::error_of;

TEST_CASE("draw_promoters: a pure function of seed and index") {
  const auto all = data::draw_promoters(50, {7, 100});
  REQUIRE(all.size() == 50);
  const auto part = data::draw_promoters(10, {7, 120}), other = data::draw_promoters(10, {8, 120});
  for (std::size_t i = 0; i < 10; ++i) {
    CHECK(part[i].sequence == all[20 + i].sequence);
    CHECK(part[i].description == all[20 + i].description);
    CHECK(part[i].name == errors::text("planted", static_cast<std::int64_t>(120 + i)));
    CHECK(other[i].sequence != part[i].sequence);
  }
  // The same in every version.
  CHECK(data::draw_promoters(1)[0].sequence.substr(0, 12) == "ATAAACCGGCTT");
}

TEST_CASE("draw_promoters: half are promoters, letters and boxes as often as they should be") {
  const std::int64_t n = 20000;
  std::int64_t promoters = 0;
  std::map<char, std::int64_t> letters;
  std::int64_t last_t = 0;  // the T that ends TATAAT, wherever it begins
  for (const data::FastaRecord& record : data::draw_promoters(n)) {
    REQUIRE(record.sequence.size() == 57);
    const bool promoter = record.description == "label=promoter";
    if (!promoter) {
      CHECK(record.description == "label=none");
      for (const char letter : record.sequence) ++letters[letter];
      continue;
    }
    ++promoters;
    for (int place = 41; place < 46; ++place) last_t += record.sequence[place] == 'T';
  }
  CHECK(std::abs(promoters - n / 2) < 4.5 * std::sqrt(n / 4.0));
  REQUIRE(letters.size() == 4);
  const double total = 57.0 * static_cast<double>(n - promoters);
  for (const auto& [letter, count] : letters)
    CHECK(std::abs(static_cast<double>(count) - total / 4) < 4.5 * std::sqrt(total * 3 / 16));
  // One of the five is the T with 0.96. The others are random letters or such of the box, T's of
  // probability 0.25, 0.5/3, 0.4/3, 0.55, 0.05/3 at 1, 2, 3, 4, 5 places before the end.
  const double before[] = {0.5 / 3, 0.4 / 3, 0.55, 0.05 / 3};
  double expected = 0;
  for (int place = 0; place < 5; ++place) {
    expected += 0.96 + 0.25 * (4 - place);
    for (int back = 0; back < place; ++back) expected += before[back];
  }
  expected /= 5;
  CHECK(std::abs(static_cast<double>(last_t) / static_cast<double>(promoters) - expected) < 0.05);
}

TEST_CASE("promoter_probability: is calibrated, and its error the Bayes error") {
  const std::int64_t n = 20000;
  std::map<int, std::pair<double, double>> tenths;  // sums of the probabilities, and of promoters
  std::int64_t wrong = 0;
  for (const data::FastaRecord& record : data::draw_promoters(n, {3, 0})) {
    const double p = data::promoter_probability(record.sequence);
    const bool promoter = record.description == "label=promoter";
    auto& [sum, promoters] = tenths[std::min(9, static_cast<int>(10 * p))];
    sum += p;
    promoters += promoter;
    wrong += (p > 0.5) != promoter;
  }
  CHECK(tenths.size() == 10);
  for (const auto& [tenth, sums] : tenths)
    CHECK(std::abs(sums.first - sums.second) < 4.5 * std::sqrt(std::max(sums.first * 0.5, 10.0)));
  const double bayes = data::promoter_bayes_error(50000);
  CHECK(std::abs(static_cast<double>(wrong) / n - bayes) < 4.5 * std::sqrt(bayes / n));
  // As a program of ten lines in another language has it: 0.0737 +- 0.0008.
  CHECK(std::abs(bayes - 0.0737) < 0.004);
}

TEST_CASE("promoter_probability: a perfect promoter, and what is refused") {
  std::string sequence(57, 'C');
  CHECK(data::promoter_probability(sequence) < 0.01);
  sequence.replace(38, 6, "TATAAT").replace(38 - 17 - 6, 6, "TTGACA");
  CHECK(data::promoter_probability(sequence) > 0.999);
  CHECK(error_of([] { data::promoter_probability("ACGT"); }) ==
        "[promoter_probability] expected 57 letters, got 4");
  sequence[5] = 'N';
  CHECK(contains(error_of([&] { data::promoter_probability(sequence); }), "got 'N'"));
  CHECK(contains(error_of([] { data::draw_promoters(-1); }), "count must not be negative"));
  CHECK(contains(error_of([] { data::draw_promoters(1, {0, -1}); }), "first_index must not be"));
  CHECK(contains(error_of([] {
                   data::draw_promoters(2, {0, (std::int64_t{1} << 47) - 1});
                 }),
                 "below 2^47"));
  CHECK(contains(error_of([] { data::promoter_bayes_error(0); }), "at least 1 sample"));
}
