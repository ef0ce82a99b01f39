#include <doctest/doctest.h>

#include <cmath>
#include <plumb/examples/support/cells.hpp>

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

}  // namespace plumb::test
