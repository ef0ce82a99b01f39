#include "class_members.hpp"

#include <map>
#include <utility>

#include "../../core/runtime/internal/fail.hpp"

namespace plumb::data::detail {

std::vector<std::vector<std::int64_t>> class_members(const char* operation, const Tensor& labels) {
  if (!labels.defined()) fail(operation, "the labels are undefined");
  if (labels.rank() != 1 || is_floating(labels.dtype()))
    fail(operation, "expected labels [n] of int64 or uint8, got ", labels.shape(), " of ",
         labels.dtype());
  const Tensor values = labels.to(DType::int64);
  const std::int64_t* label = values.data<std::int64_t>();
  std::map<std::int64_t, std::vector<std::int64_t>> members;
  for (std::int64_t i = 0; i < values.numel(); ++i) {
    if (label[i] < 0) fail(operation, "label ", label[i], " of sample ", i, " is negative");
    members[label[i]].push_back(i);
  }
  std::vector<std::vector<std::int64_t>> classes;
  for (auto& [number, samples] : members) classes.push_back(std::move(samples));
  return classes;
}

}  // namespace plumb::data::detail
