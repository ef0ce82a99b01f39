// The gradients of every operation's gradients, at the points of the reference files.
#include <doctest/doctest.h>

#include "../reference/operations.hpp"

using namespace plumb::test;

TEST_CASE("gradgradcheck: every operation passes in float64") {
  for (const auto& [family, table] : operations()) check_second_gradients(family, table);
}

TEST_CASE("reference: gradients of gradients agree with PyTorch in float64") {
  std::map<std::string, int> checked;
  for (const auto& [family, table] : operations())
    check_second_reference(family, table, plumb::DType::float64, checked);
  for (const auto& [family, table] : operations())
    for (const auto& entry : table) {
      CAPTURE(entry.first);
      CHECK(checked[entry.first] > 0);
    }
}

TEST_CASE("reference: gradients of gradients agree with PyTorch in float32") {
  std::map<std::string, int> checked;
  for (const auto& [family, table] : operations())
    check_second_reference(family, table, plumb::DType::float32, checked);
  for (const auto& [family, table] : operations())
    for (const auto& entry : table) {
      CAPTURE(entry.first);
      CHECK(checked[entry.first] > 0);
    }
}
