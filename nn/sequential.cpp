#include "sequential.hpp"

#include "../core/runtime/internal/fail.hpp"

namespace plumb::nn {

Sequential::Joint Sequential::joint_with(Layer* layer) const {
  Joint joint;
  const std::size_t n = steps_.size();
  if (layer == nullptr) return joint;
  if (n > 0) joint.of_two = steps_[n - 1].layer->fuse_with(*layer);
  if (n > 1) joint.of_three = steps_[n - 2].layer->fuse_with_two(*steps_[n - 1].layer, *layer);
  return joint;
}

void Sequential::append(Layer& layer, Joint joint) {
  const std::size_t n = steps_.size();
  if (n > 0) steps_[n - 1].with_next = std::move(joint.of_two);
  if (n > 1) steps_[n - 2].with_two = std::move(joint.of_three);
  steps_.push_back({&layer, nullptr, nullptr});
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
    const Fused& joint = step.with_two ? step.with_two : step.with_next;
    if (joint && y.defined() && !observed()) {
      y = located(*step.layer, [&] { return joint(y); });
      i += step.with_two ? 2 : 1;
    } else {
      y = (*step.layer)(y, lengths);
    }
  }
  return y;
}

}  // namespace plumb::nn
