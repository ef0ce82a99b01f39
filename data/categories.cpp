#include "categories.hpp"

#include <algorithm>
#include <utility>

#include "../core/runtime/internal/fail.hpp"
#include "dataset.hpp"
#include "internal/number.hpp"
#include "internal/strings.hpp"

namespace plumb::data {
namespace {

constexpr const char* operation = "Categories";

std::vector<std::string> distinct(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::vector<std::pair<double, std::string>> numbers;
  for (const std::string& name : names) {
    const std::optional<double> number = detail::parse_number(name);
    if (!number) return names;
    numbers.emplace_back(*number, name);
  }
  std::sort(numbers.begin(), numbers.end());
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = std::move(numbers[i].second);
  return names;
}

}  // namespace

Categories::Categories(const std::vector<std::string>& values) { set(distinct(values)); }

void Categories::set(std::vector<std::string> names) {
  std::vector<std::int64_t> order = all_indices(static_cast<std::int64_t>(names.size()));
  std::sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
    return names[static_cast<std::size_t>(a)] < names[static_cast<std::size_t>(b)];
  });
  names_ = std::move(names);
  by_bytes_ = std::move(order);
}

const std::string& Categories::name(std::int64_t index) const& {
  if (index < 0 || index >= size())
    fail(operation, "index ", index, " is out of range [0, ", size(), ")");
  return names_[static_cast<std::size_t>(index)];
}

std::optional<std::int64_t> Categories::find(std::string_view name) const {
  const auto found = std::lower_bound(by_bytes_.begin(), by_bytes_.end(), name,
                                      [this](std::int64_t i, std::string_view wanted) {
                                        return names_[static_cast<std::size_t>(i)] < wanted;
                                      });
  if (found == by_bytes_.end() || names_[static_cast<std::size_t>(*found)] != name)
    return std::nullopt;
  return *found;
}

Tensor Categories::encode(const std::vector<std::string>& values) const {
  Tensor numbers = Tensor::empty({static_cast<std::int64_t>(values.size())}, DType::int64);
  std::int64_t* number = numbers.mutable_data<std::int64_t>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::optional<std::int64_t> found = find(values[i]);
    if (!found) {
      constexpr std::size_t most = 8;
      std::string known;
      for (std::size_t k = 0; k < std::min(most, names_.size()); ++k)
        known += text(k > 0 ? ", '" : " '", names_[k], "'");
      fail(operation, "'", values[i], "' at position ", static_cast<std::int64_t>(i),
           " is none of the ", size(), " names", known, names_.size() > most ? ", ..." : "");
    }
    number[i] = *found;
  }
  return numbers;
}

StateDict Categories::state_dict() const {
  StateDict state;
  detail::set_strings(state, "names", names_);
  return state;
}

void Categories::load_state_dict(const StateDict& state) {
  std::vector<std::string> names = detail::get_strings(operation, state, "names");
  if (distinct(names) != names) fail(operation, "the state's names are not distinct and in order");
  if (size() > 0 && !names.empty() && names != names_)
    fail(operation, "the ", static_cast<std::int64_t>(names.size()),
         " names of the state are not these ", size());
  set(std::move(names));
}

}  // namespace plumb::data
