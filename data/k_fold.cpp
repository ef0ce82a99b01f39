#include "k_fold.hpp"

#include <map>

#include "../core/runtime/internal/fail.hpp"
#include "dataset.hpp"
#include "internal/class_members.hpp"

namespace plumb::data {
namespace {

// The folds where sample i is tested in part[i].
std::vector<Fold> folds_of(const std::vector<std::int64_t>& part, std::int64_t count) {
  std::vector<Fold> folds(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < part.size(); ++i)
    for (std::size_t fold = 0; fold < folds.size(); ++fold) {
      const bool tested = part[i] == static_cast<std::int64_t>(fold);
      (tested ? folds[fold].test : folds[fold].train).push_back(static_cast<std::int64_t>(i));
    }
  return folds;
}

void check(const char* operation, std::int64_t k, std::int64_t samples) {
  if (k < 2 || k > samples)
    fail(operation, "there must be 2 folds, and no more than the ", samples, " samples, got ", k);
}

}  // namespace

std::vector<Fold> k_fold(std::int64_t samples, std::int64_t k, Generator& random) {
  check("k_fold", k, samples);
  std::vector<std::int64_t> part(static_cast<std::size_t>(samples));
  std::int64_t next = 0;
  for (const std::int64_t sample : random.permutation(samples))
    part[static_cast<std::size_t>(sample)] = next++ % k;
  return folds_of(part, k);
}

// Parts are dealt on from class to class, which keeps their sizes within one of each other too.
std::vector<Fold> stratified_k_fold(const Tensor& labels, std::int64_t k, Generator& random) {
  constexpr const char* operation = "stratified_k_fold";
  const auto classes = detail::class_members(operation, labels);
  check(operation, k, labels.numel());
  std::vector<std::int64_t> part(static_cast<std::size_t>(labels.numel()));
  std::int64_t next = 0;
  for (const auto& members : classes)
    for (const std::int64_t i : random.permutation(static_cast<std::int64_t>(members.size())))
      part[static_cast<std::size_t>(members[static_cast<std::size_t>(i)])] = next++ % k;
  return folds_of(part, k);
}

std::vector<Fold> leave_one_out(std::int64_t samples) {
  if (samples < 2) fail("leave_one_out", "there must be 2 samples, got ", samples);
  return folds_of(all_indices(samples), samples);
}

std::vector<Fold> leave_one_group_out(const std::vector<std::string>& groups) {
  std::map<std::string, std::int64_t> numbers;
  for (const std::string& group : groups) numbers.emplace(group, 0);
  if (numbers.size() < 2)
    fail("leave_one_group_out", "there must be 2 groups, got ",
         static_cast<std::int64_t>(numbers.size()));
  std::int64_t next = 0;
  for (auto& [group, number] : numbers) number = next++;
  std::vector<std::int64_t> part;
  for (const std::string& group : groups) part.push_back(numbers[group]);
  return folds_of(part, next);
}

}  // namespace plumb::data
