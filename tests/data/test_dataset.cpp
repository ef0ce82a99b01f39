#include <doctest/doctest.h>

#include <plumb/data.hpp>

#include "support.hpp"

using namespace plumb;
using plumb::test::error_of;

TEST_CASE("Indices: views a vector, a list or memory") {
  const std::vector<std::int64_t> list = {4, 0, 2};
  const data::Indices all = list;
  CHECK(all.size() == 3);
  CHECK(all[2] == 2);
  CHECK(std::vector<std::int64_t>(all.begin(), all.end()) == list);
  CHECK(data::Indices(list.data() + 1, 2)[0] == 0);
  const auto size_of_list = [](data::Indices indices) { return indices.size(); };
  CHECK(size_of_list({0, 2}) == 2);
}

TEST_CASE("Indices: check names the first index out of range") {
  const std::vector<std::int64_t> list = {4, 0, 5, -1};
  CHECK_NOTHROW(data::Indices(list.data(), 2).check("op", 5));
  CHECK(error_of([&] { data::Indices(list).check("op", 5); }) ==
        "[op] sample 5 is out of range [0, 5)");
  CHECK(error_of([&] { data::Indices(list.data() + 3, 1).check("op", 5); }) ==
        "[op] sample -1 is out of range [0, 5)");
}
