// Every operation and loss against finite differences, at the points of the reference files.
#include <doctest/doctest.h>

#include "../reference/operations.hpp"

using namespace plumb::test;

TEST_CASE("gradcheck: every operation passes in float64") {
  for (const auto& [family, table] : operations()) check_gradients(family, table);
}
