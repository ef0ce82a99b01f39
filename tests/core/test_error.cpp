#include <doctest/doctest.h>

#include <limits>
#include <plumb/core/error.hpp>

using namespace plumb;

TEST_CASE("error: numbers print in the shortest form that reads back") {
  CHECK(text(0.1, " ", 1e-5, " ", 3.0) == "0.1 1e-05 3");
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(text(infinity, " ", -infinity, " ", std::numeric_limits<double>::quiet_NaN()) ==
        "inf -inf nan");
}

TEST_CASE("error: fail names the operation") {
  CHECK_THROWS_WITH_AS(fail("SGD", "momentum must be in [0, 1), got ", 1.2),
                       "[SGD] momentum must be in [0, 1), got 1.2", Error);
}
