#include "held_back.hpp"

#include <iterator>
#include <set>
#include <string>

#include "../../core/kernels/release.hpp"
#include "../../core/runtime/floating_point.hpp"
#include "../../core/runtime/internal/fail.hpp"

namespace plumb::nn::detail {
namespace {

// Of a state dict.
constexpr const char* count_name = "shards";
constexpr const char* prefix = "residual.";

}  // namespace

template <class T>
void HeldBack::gate(const Tensor& before, Tensor& after, T* gradient, double weight) const {
  const T threshold = static_cast<T>(below_ * weight);
  const T* residual = before.data<T>();
  T* kept = after.mutable_data<T>();
  for (std::int64_t i = 0; i < after.numel(); ++i) {
    kept[i] = residual[i];
    kernel::release(kept[i], gradient[i], threshold);
  }
}

void HeldBack::gate(std::int64_t shard, std::size_t parameter, Tensor& gradients,
                    std::int64_t begin, std::int64_t size, double weight) {
  const plumb::detail::FloatingPointMode mode;
  const auto place = std::make_pair(shard, parameter);
  Tensor& residual = residuals_[place];
  if (!residual.defined() || residual.numel() != size || residual.dtype() != gradients.dtype())
    residual = Tensor::zeros({size}, gradients.dtype());
  Tensor& after = next_[place] = Tensor::empty({size}, gradients.dtype());
  if (gradients.dtype() == DType::float32)
    gate(residual, after, gradients.mutable_data<float>() + begin, weight);
  else
    gate(residual, after, gradients.mutable_data<double>() + begin, weight);
}

void HeldBack::keep() {
  for (auto& [place, residual] : next_) residuals_[place] = std::move(residual);
  next_.clear();
  whole_ = mine_.size() == shards_;
  for (auto each = residuals_.begin(); each != residuals_.end();) {
    const std::int64_t shard = each->first.first;
    const bool own = mine_.begin <= shard && shard < mine_.end;
    each = own ? std::next(each) : residuals_.erase(each);
  }
}

StateDict HeldBack::state(ShardRange shards, const Parameters& parameters) const {
  StateDict state;
  state.set(count_name, shards.size());
  for (const auto& [place, residual] : residuals_) {
    const auto& [shard, parameter] = place;
    const Tensor& value = parameters[parameter].variable.value();
    // gate() forgets those of a parameter that was of another kind.
    if (shard < shards.begin || shard >= shards.end || residual.numel() != value.numel() ||
        residual.dtype() != value.dtype())
      continue;
    const std::string name = prefix + parameters[parameter].name;
    if (!state.has_tensor(name))
      state.set(name, Tensor::zeros({shards.size(), value.numel()}, value.dtype()));
    state.tensor(name)[shard - shards.begin].copy_from(residual);
  }
  return state;
}

void HeldBack::load(const StateDict& state, const Parameters& parameters) {
  constexpr const char* operation = "ShardedGradient";
  const auto shards = state.scalar<std::int64_t>(count_name);
  if (shards != shards_) fail(operation, "the state is of ", shards, " shards, expected ", shards_);
  Residuals loaded;
  std::set<std::string> expected = {count_name};
  std::string problems;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const std::string name = prefix + parameters[i].name;
    expected.insert(name);
    if (!state.has_tensor(name)) continue;
    const Tensor &rows = state.tensor(name), &value = parameters[i].variable.value();
    const Shape shape = {shards_, value.numel()};
    if (!rows.defined())
      problems += text("\n  ", name, " is undefined");
    else if (rows.shape() != shape || rows.dtype() != value.dtype())
      problems += text("\n  ", name, ": expected ", shape, " of ", value.dtype(), ", got ",
                       rows.shape(), " of ", rows.dtype());
    else
      for (std::int64_t shard = 0; shard < shards_; ++shard)
        loaded[{shard, i}] = rows[shard].clone();
  }
  const auto check_known = [&](const auto& entries) {
    for (const auto& [name, value] : entries)
      if (expected.count(name) == 0) problems += "\n  unexpected: " + name;
  };
  check_known(state.tensors());
  check_known(state.scalars());
  if (!problems.empty()) fail(operation, "the state does not fit the model:", problems);
  residuals_ = std::move(loaded);
  next_.clear();
  whole_ = true;
}

StateDict joined(const std::vector<StateDict>& parts) {
  std::int64_t shards = 0;
  for (const StateDict& part : parts) shards += part.scalar<std::int64_t>(count_name);
  StateDict all;
  all.set(count_name, shards);
  std::int64_t begin = 0;
  for (const StateDict& part : parts) {
    const std::int64_t end = begin + part.scalar<std::int64_t>(count_name);
    for (const auto& [name, rows] : part.tensors()) {
      if (!all.has_tensor(name)) all.set(name, Tensor::zeros({shards, rows.dim(1)}, rows.dtype()));
      all.tensor(name).rows(begin, end).copy_from(rows);
    }
    begin = end;
  }
  return all;
}

}  // namespace plumb::nn::detail
