#include "state_dict.hpp"

#include "../runtime/internal/fail.hpp"

namespace plumb {
namespace {

template <class Map>
void insert_prefixed(Map& to, const std::string& prefix, const Map& from) {
  for (const auto& [name, value] : from) to[prefix + "." + name] = value;
}

template <class Map>
void take_prefixed(Map& to, const std::string& prefix, const Map& from) {
  const std::string start = prefix + ".";
  for (auto it = from.lower_bound(start); it != from.end(); ++it) {
    if (it->first.compare(0, start.size(), start) != 0) break;
    to[it->first.substr(start.size())] = it->second;
  }
}

}  // namespace

const Tensor& StateDict::tensor(const std::string& name) const& {
  const auto found = tensors_.find(name);
  if (found != tensors_.end()) return found->second;
  const auto why = left_out_.find(name);
  fail("StateDict", "no tensor named '", name, "'",
       why == left_out_.end() ? text() : text("; it was left out: ", why->second));
}

const StateDict::Scalar& StateDict::any_scalar(const std::string& name) const {
  const auto found = scalars_.find(name);
  if (found == scalars_.end()) fail("StateDict", "no scalar named '", name, "'");
  return found->second;
}

void StateDict::refuse_kind(const std::string& name) {
  fail("StateDict", "scalar '", name, "' is of another kind than was asked for");
}

void StateDict::insert(const std::string& prefix, const StateDict& part) {
  insert_prefixed(tensors_, prefix, part.tensors_);
  insert_prefixed(scalars_, prefix, part.scalars_);
  insert_prefixed(left_out_, prefix, part.left_out_);
}

StateDict StateDict::part(const std::string& prefix) const {
  StateDict result;
  take_prefixed(result.tensors_, prefix, tensors_);
  take_prefixed(result.scalars_, prefix, scalars_);
  take_prefixed(result.left_out_, prefix, left_out_);
  return result;
}

StateDict StateDict::clone() const {
  StateDict copy = *this;
  for (auto& [name, tensor] : copy.tensors_) tensor = tensor.clone();
  return copy;
}

}  // namespace plumb
