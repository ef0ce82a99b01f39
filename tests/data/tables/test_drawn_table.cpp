#include <doctest/doctest.h>

#include <cmath>
#include <plumb/data.hpp>

#include "../support.hpp"

using namespace plumb;
using plumb::test::contains;
using plumb::test::error_of;

namespace {

data::DrawnTableOptions with(std::uint64_t seed, std::int64_t first_index, double noise = 0.1) {
  data::DrawnTableOptions options;
  options.seed = seed;
  options.first_index = first_index;
  options.noise = noise;
  return options;
}

double number(const data::Csv& table, std::int64_t row, std::int64_t column) {
  return std::stod(std::string(table.cell(row, column)));
}

}  // namespace

TEST_CASE("draw_table: a pure function of seed and index") {
  const std::string header = "x1,x2,x3,kind,label\n";
  const std::string all = data::draw_table(30, with(5, 10));
  const std::string front = data::draw_table(20, with(5, 10)),
                    back = data::draw_table(10, with(5, 30));
  CHECK(all == front + back.substr(header.size()));
  CHECK(data::draw_table(10, with(6, 30)) != back);
  CHECK(data::draw_table(0) == header);
  // The same in every version.
  CHECK(data::draw_table(2) ==
        header + "1.161,0.039,2.482,green,yes\n-1.303,-1.573,-1.067,blue,yes\n");
}

TEST_CASE("draw_table: the best guess errs as often as the noise says") {
  const std::int64_t n = 20000;
  for (const double noise : {0.0, 0.1, 0.5}) {
    const data::Csv table = data::parse_csv(data::draw_table(n, with(2, 0, noise)));
    REQUIRE(table.rows() == n);
    std::int64_t wrong = 0, yes = 0, red = 0;
    double sum = 0, squares = 0;
    for (std::int64_t row = 0; row < n; ++row) {
      const double x1 = number(table, row, 0), x2 = number(table, row, 1);
      const std::string_view kind = table.cell(row, 3), label = table.cell(row, 4);
      REQUIRE((label == "yes" || label == "no"));
      bool guess = false;
      if (kind == "red") guess = x1 > -x2;
      if (kind == "green") guess = (x1 > 0 && x2 > 0) || (x1 < 0 && x2 < 0);
      if (kind == "blue") guess = std::hypot(x1, x2) > std::sqrt(2 * std::log(2.0));
      wrong += guess != (label == "yes");
      yes += guess;
      red += kind == "red";
      sum += x2;
      squares += x2 * x2;
    }
    const double count = static_cast<double>(n);
    CHECK(std::abs(static_cast<double>(wrong) - noise * count) <=
          4.5 * std::sqrt(count * noise * (1 - noise)));
    CHECK(std::abs(static_cast<double>(yes) - count / 2) < 4.5 * std::sqrt(count / 4));
    CHECK(std::abs(static_cast<double>(red) - count / 3) < 4.5 * std::sqrt(count * 2 / 9));
    CHECK(std::abs(sum / count) < 4.5 / std::sqrt(count));
    CHECK(std::abs(squares / count - 1) < 4.5 * std::sqrt(2 / count));
  }
}

TEST_CASE("draw_table: its columns are encoded") {
  const data::Csv table = data::parse_csv(data::draw_table(50));
  data::TableOptions options;
  options.targets = {"label"};
  const data::TableEncoding encoding(table, options);
  CHECK(encoding.feature_names() ==
        std::vector<std::string>{"x1", "x2", "x3", "kind=blue", "kind=green", "kind=red"});
  CHECK(encoding.classes().names() == std::vector<std::string>{"no", "yes"});
}

TEST_CASE("draw_table: options out of their ranges are refused") {
  CHECK(contains(error_of([] { data::draw_table(-1); }), "count must not be negative, got -1"));
  CHECK(contains(error_of([] { data::draw_table(1, with(0, -1)); }), "first_index must not be"));
  CHECK(contains(error_of([] { data::draw_table(2, with(0, (std::int64_t{1} << 47) - 1)); }),
                 "below 2^47"));
  CHECK(contains(error_of([] { data::draw_table(1, with(0, 0, 0.6)); }), "got 0.6"));
  CHECK(contains(error_of([] { data::draw_table(1, with(0, 0, NAN)); }), "got nan"));
}
