// Categories: the names of classes or of a column's levels, numbered.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../core/io/state_dict.hpp"

namespace plumb::data {

/// Distinct names, numbered from 0: in the order of their values where all are numbers, otherwise of
/// their bytes. Made of the part that trains, and saved beside the model.
class Categories {
 public:
  /// Without names: what load_state_dict fills.
  Categories() = default;
  /// The distinct ones of `values`.
  explicit Categories(const std::vector<std::string>& values);

  std::int64_t size() const { return static_cast<std::int64_t>(names_.size()); }
  /// Throws for an index out of range.
  const std::string& name(std::int64_t index) const&;
  std::string name(std::int64_t index) && { return std::as_const(*this).name(index); }
  const std::vector<std::string>& names() const& { return names_; }
  std::vector<std::string> names() && { return std::move(names_); }
  /// The number of a name, where there is such.
  std::optional<std::int64_t> find(std::string_view name) const;
  /// The numbers of names, int64 [n]. Throws
  /// "[Categories] 'x' at position 3 is none of the 2 names 'a', 'b'".
  Tensor encode(const std::vector<std::string>& values) const;

  StateDict state_dict() const;
  /// Becomes what was saved. Throws, changing nothing, where entries are missing or make no
  /// categories; and where these have names and the saved ones are others, which would give numbers
  /// that are in use another meaning. An empty state empties any.
  void load_state_dict(const StateDict& state);

  bool operator==(const Categories& other) const { return names_ == other.names_; }
  bool operator!=(const Categories& other) const { return names_ != other.names_; }

 private:
  void set(std::vector<std::string> names);

  std::vector<std::string> names_;
  std::vector<std::int64_t> by_bytes_;  // numbers, in the order of the names' bytes
};

}  // namespace plumb::data
