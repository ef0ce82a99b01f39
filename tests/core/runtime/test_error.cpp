#include <doctest/doctest.h>

#include <limits>
#include <plumb/core/runtime/error.hpp>
#include <stdexcept>

using namespace plumb;

TEST_CASE("error: numbers print in the shortest form that reads back") {
  CHECK(errors::text(0.1, " ", 1e-5, " ", 3.0) == "0.1 1e-05 3");
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(errors::text(infinity, " ", -infinity, " ", std::numeric_limits<double>::quiet_NaN()) ==
        "inf -inf nan");
}

TEST_CASE("error: fail names the operation") {
  CHECK_THROWS_WITH_AS(errors::fail("SGD", "momentum must be in [0, 1), got ", 1.2),
                       "[SGD] momentum must be in [0, 1), got 1.2", Error);
}

TEST_CASE("error: what is being handled says what it is, whatever it is") {
  const auto message_of = [](auto thrown) {
    try {
      throw thrown;
    } catch (...) {
      return detail::current_message();
    }
  };
  CHECK(message_of(std::out_of_range("beyond")) == "beyond");
  CHECK(message_of(7) == "an exception that is no std::exception");
}
