#include "carried_state.hpp"

#include <algorithm>
#include <plumb/autograd/ops/shape.hpp>
#include <string>
#include <utility>

using namespace plumb;

CarriedState::Rows CarriedState::rows(ShardRange samples) const {
  Rows rows;
  for (const Tensor& all : now_) rows.push_back(all.rows(samples.begin, samples.end));
  return rows;
}

void CarriedState::set_rows(ShardRange samples, const Rows& rows) {
  if (samples.size() == samples_) {
    next_ = rows;
    return;
  }
  next_.resize(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!next_[i].defined()) {
      std::vector<std::int64_t> sizes(rows[i].shape().begin(), rows[i].shape().end());
      sizes[0] = samples_;
      next_[i] = Tensor::zeros(Shape(sizes), rows[i].dtype());
    }
    next_[i].rows(samples.begin, samples.end).copy_from(rows[i]);
  }
}

void CarriedState::advance() { now_ = std::exchange(next_, {}); }

StateDict CarriedState::part(ShardRange samples) const {
  const Rows of_part = rows(samples);
  StateDict state;
  state.set("tensors", static_cast<std::int64_t>(of_part.size()));
  for (std::size_t i = 0; i < of_part.size(); ++i) state.set(std::to_string(i), of_part[i]);
  return state;
}

void CarriedState::load_parts(const std::vector<StateDict>& parts) {
  std::vector<std::vector<Variable>> tensors;
  for (const StateDict& part : parts) {
    const auto count = static_cast<std::size_t>(part.scalar<std::int64_t>("tensors"));
    tensors.resize(std::max(tensors.size(), count));
    for (std::size_t i = 0; i < count; ++i) tensors[i].push_back(part.tensor(std::to_string(i)));
  }
  Rows loaded;
  for (const std::vector<Variable>& of_parts : tensors)
    loaded.push_back(concat(of_parts, 0).value());
  now_ = std::move(loaded);
}
