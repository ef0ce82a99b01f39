#include <doctest/doctest.h>

#include <plumb/data.hpp>

#include "support.hpp"

using namespace plumb;
using plumb::test::contains;
using plumb::test::error_of;

TEST_CASE("Subset: its samples are the chosen ones, also of a subset") {
  const auto set = std::make_shared<data::TensorDataset>(Tensor::arange(10), Tensor());
  const auto odd = std::make_shared<data::Subset>(set, std::vector<std::int64_t>{1, 3, 5, 7, 9});
  CHECK(odd->size() == 5);
  CHECK(odd->gather({4, 0}).x.to_vector<std::int64_t>() == std::vector<std::int64_t>{9, 1});
  const data::Subset twice(odd, {2, 2, 0});
  CHECK(twice.gather({0, 1, 2}).x.to_vector<std::int64_t>() == std::vector<std::int64_t>{5, 5, 1});
}

TEST_CASE("Subset: refuses indices outside of the set, and no set") {
  const auto set = std::make_shared<data::TensorDataset>(Tensor::arange(10), Tensor());
  CHECK(error_of([&] {
          data::Subset(set, {0, 10});
        }) == "[Subset] sample 10 is out of range [0, 10)");
  CHECK(error_of([&] {
          data::Subset(set, {0, 9}).gather({2});
        }) == "[Subset] sample 2 is out of range [0, 2)");
  CHECK(contains(error_of([] { data::Subset(nullptr, {}); }), "null"));
}
