#include "layer.hpp"

#include "../autograd/modes.hpp"
#include "../core/runtime/internal/fail.hpp"

namespace plumb::nn {

void detail::LayerObserver::set_observer(Layer& layer, LayerObserver* observer) {
  layer.observer_ = observer;
}

Variable Layer::operator()(const Variable& x) {
  if (!x.defined()) fail(type_name(), "the input is undefined");
  Variable y = forward(x);
  show(y);
  return y;
}

Variable Layer::operator()(const Variable& x, const Tensor& lengths) {
  if (!lengths.defined()) return (*this)(x);
  if (!x.defined()) fail(type_name(), "the input is undefined");
  Variable y = forward_padded(x, lengths);
  show(y);
  return y;
}

void Layer::show(const Variable& result) const {
  if (observer_ != nullptr) observer_->saw(*this, result);
}

Variable Layer::forward_padded(const Variable& x, const Tensor&) { return forward(x); }

Fused Layer::fuse_with(Layer&) { return nullptr; }

}  // namespace plumb::nn
