// The gradients of every operation's gradients, at the points of the reference files.
#include <doctest/doctest.h>

#include <cstdlib>

#include "../reference/operations.hpp"

using namespace plumb::test;

TEST_CASE("gradgradcheck: every operation passes in float64") {
  for (const auto& [family, table] : operations()) check_second_gradients(family, table);
}

namespace {

// Of shapes that were drawn at random some operations have none.
void check_second_of_all(plumb::DType dtype) {
  std::map<std::string, int> checked;
  for (const auto& [family, table] : operations())
    check_second_reference(family, table, dtype, checked);
  if (std::getenv("PLUMB_REFERENCE") != nullptr) return;
  for (const auto& [family, table] : operations())
    for (const auto& entry : table) {
      CAPTURE(entry.first);
      CHECK(checked[entry.first] > 0);
    }
}

}  // namespace

TEST_CASE("reference: gradients of gradients agree with PyTorch in float64") {
  check_second_of_all(plumb::DType::float64);
}

TEST_CASE("reference: gradients of gradients agree with PyTorch in float32") {
  check_second_of_all(plumb::DType::float32);
}
