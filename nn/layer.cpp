#include "layer.hpp"

#include "../core/runtime/error.hpp"

namespace plumb::nn {

void detail::LayerObserver::set_observer(Layer& layer, LayerObserver* observer) {
  layer.observer_ = observer;
}

Variable Layer::operator()(const Variable& x) {
  if (!x.defined()) fail(type_name(), "the input is undefined");
  Variable y = forward(x);
  if (observer_ != nullptr) observer_->saw(*this, y);
  return y;
}

Variable Layer::operator()(const Variable& x, const Tensor& lengths) {
  if (!lengths.defined()) return (*this)(x);
  if (!x.defined()) fail(type_name(), "the input is undefined");
  Variable y = forward_padded(x, lengths);
  if (observer_ != nullptr) observer_->saw(*this, y);
  return y;
}

Variable Layer::forward_padded(const Variable& x, const Tensor&) { return forward(x); }

Fused Layer::fuse_with(Layer&) { return nullptr; }

}  // namespace plumb::nn
