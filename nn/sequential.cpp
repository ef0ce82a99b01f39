#include "sequential.hpp"

#include "../core/runtime/internal/fail.hpp"

namespace plumb::nn {

Fused Sequential::fused_with_last(Layer* layer) const {
  return steps_.empty() || layer == nullptr ? nullptr : steps_.back().layer->fuse_with(*layer);
}

void Sequential::append(Layer& layer, Fused with_last) {
  if (!steps_.empty()) steps_.back().with_next = std::move(with_last);
  steps_.push_back({&layer, nullptr});
}

Layer& Sequential::operator[](std::int64_t index) const& {
  if (index < 0 || index >= size())
    fail("Sequential", "index ", index, " is out of range [0, ", size(), ")");
  return *steps_[static_cast<std::size_t>(index)].layer;
}

Variable Sequential::forward(const Variable& x) { return apply(x, Tensor()); }

Variable Sequential::forward_padded(const Variable& x, const Tensor& lengths) {
  return apply(x, lengths);
}

Variable Sequential::apply(const Variable& x, const Tensor& lengths) {
  Variable y = x;
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    const Step& step = steps_[i];
    if (step.with_next && y.defined() && !observed()) {
      y = located(*step.layer, [&] { return step.with_next(y); });
      ++i;
    } else {
      y = (*step.layer)(y, lengths);
    }
  }
  return y;
}

}  // namespace plumb::nn
