#include <doctest/doctest.h>

#include <algorithm>
#include <plumb/data.hpp>
#include <set>

#include "support.hpp"

using namespace plumb;
using plumb::test::contains;
using plumb::test::error_of;

namespace {

using Ids = std::vector<std::int64_t>;

// Every sample is tested once, and trains in all other folds; both lists ascend.
void check_partition(const std::vector<data::Fold>& folds, std::int64_t samples) {
  Ids tested;
  for (const data::Fold& fold : folds) {
    CHECK(std::is_sorted(fold.train.begin(), fold.train.end()));
    CHECK(std::is_sorted(fold.test.begin(), fold.test.end()));
    tested.insert(tested.end(), fold.test.begin(), fold.test.end());
    Ids all = fold.train;
    all.insert(all.end(), fold.test.begin(), fold.test.end());
    std::sort(all.begin(), all.end());
    CHECK(all == Tensor::arange(samples).to_vector<std::int64_t>());
  }
  std::sort(tested.begin(), tested.end());
  CHECK(tested == Tensor::arange(samples).to_vector<std::int64_t>());
}

}  // namespace

TEST_CASE("k_fold: test parts share nothing and differ in size by one at most") {
  for (const std::int64_t k : {2, 3, 10, 23}) {
    Generator random(1, Stream::split), same(1, Stream::split), other(2, Stream::split);
    const std::vector<data::Fold> folds = data::k_fold(23, k, random);
    CHECK(static_cast<std::int64_t>(folds.size()) == k);
    check_partition(folds, 23);
    for (const data::Fold& fold : folds) {
      const auto size = static_cast<std::int64_t>(fold.test.size());
      CHECK((size == 23 / k || size == 23 / k + 1));
    }
    CHECK(data::k_fold(23, k, same)[0].test == folds[0].test);
    CHECK(data::k_fold(23, k, other)[0].test != folds[0].test);
  }
  Generator random(1, Stream::split);
  CHECK(error_of([&] { data::k_fold(5, 6, random); }) ==
        "[k_fold] there must be 2 folds, and no more than the 5 samples, got 6");
  CHECK(contains(error_of([&] { data::k_fold(5, 1, random); }), "got 1"));
  CHECK(contains(error_of([&] { data::k_fold(0, -3, random); }), "got -3"));
}

TEST_CASE("stratified_k_fold: classes in every part alike") {
  Ids label;
  for (std::int64_t i = 0; i < 47; ++i) label.push_back(i % 9 == 0 ? 4 : i % 2);
  for (const std::int64_t k : {2, 5, 10}) {
    Generator random(3, Stream::split);
    const std::vector<data::Fold> folds = data::stratified_k_fold(Tensor::from(label), k, random);
    check_partition(folds, 47);
    for (const std::int64_t number : {0, 1, 4}) {
      const std::int64_t total = std::count(label.begin(), label.end(), number);
      for (const data::Fold& fold : folds) {
        CHECK((static_cast<std::int64_t>(fold.test.size()) == 47 / k ||
               static_cast<std::int64_t>(fold.test.size()) == 47 / k + 1));
        const std::int64_t here = std::count_if(fold.test.begin(), fold.test.end(), [&](auto i) {
          return label[static_cast<std::size_t>(i)] == number;
        });
        CHECK((here == total / k || here == total / k + 1));
      }
    }
  }
  Generator random(3, Stream::split);
  CHECK(contains(error_of([&] { data::stratified_k_fold(Tensor::zeros({4}), 2, random); }),
                 "[stratified_k_fold] expected labels [n] of int64 or uint8"));
  CHECK(contains(error_of([&] { data::stratified_k_fold(Tensor::arange(3), 4, random); }),
                 "no more than the 3 samples, got 4"));
}

TEST_CASE("leave_one_out: every sample once alone") {
  const std::vector<data::Fold> folds = data::leave_one_out(4);
  REQUIRE(folds.size() == 4);
  check_partition(folds, 4);
  CHECK(folds[2].test == Ids{2});
  CHECK(folds[2].train == Ids{0, 1, 3});
  CHECK(contains(error_of([] { data::leave_one_out(1); }), "there must be 2 samples, got 1"));
}

TEST_CASE("leave_one_group_out: every group once alone, by name") {
  const std::vector<data::Fold> folds =
      data::leave_one_group_out({"theo", "george", "theo", "lucas", "george"});
  REQUIRE(folds.size() == 3);
  check_partition(folds, 5);
  CHECK(folds[0].test == Ids{1, 4});
  CHECK(folds[1].test == Ids{3});
  CHECK(folds[2].test == Ids{0, 2});
  CHECK(error_of([] {
          data::leave_one_group_out({"a", "a"});
        }) == "[leave_one_group_out] there must be 2 groups, got 1");
}
