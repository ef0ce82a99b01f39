#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <plumb/examples/support/cells.hpp>
#include <plumb/examples/support/format.hpp>

#include "../../support/errors.hpp"

namespace plumb::test {

TEST_CASE("cells: by name, with numbers that are none told by line and column") {
  const data::Csv table = data::parse_csv("name,value\n\"a, b\",1e-3\nc,nan\nd,1.5x\ne,\n");
  CHECK(cell_text("here", table, 0, "name") == "a, b");
  CHECK(cell_number("here", table, 0, "value") == 1e-3);
  CHECK(std::isnan(cell_number("here", table, 1, "value")));
  CHECK(error_of([&] { cell_number("here", table, 2, "value"); }) ==
        "[here] text: line 4, column 2 ('value'): expected a number, got '1.5x'");
  CHECK(contains(error_of([&] { cell_number("here", table, 3, "value"); }), "got ''"));
  CHECK(error_of([&] { cell_text("here", table, 0, "size"); }) == "[here] no column 'size'");
}

TEST_CASE("bytes_text: three digits, in powers of 1000") {
  CHECK(bytes_text(0) == "0 B");
  CHECK(bytes_text(999) == "999 B");
  CHECK(bytes_text(4872) == "4.87 kB");
  CHECK(bytes_text(999'900) == "1 MB");
  CHECK(bytes_text(50e6 * 8) == "400 MB");
  CHECK(bytes_text(2e13) == "2e+04 GB");
  CHECK(bytes_text(std::numeric_limits<double>::quiet_NaN()) == "-");
}

}  // namespace plumb::test
