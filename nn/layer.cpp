#include "layer.hpp"

#include "../autograd/modes.hpp"
#include "../core/runtime/internal/fail.hpp"

namespace plumb::nn {
namespace {

thread_local detail::LayerObserver* observer = nullptr;
thread_local const Layer* running = nullptr;  // whose forward runs, the innermost

// While it lives, the forward of a layer runs.
class Running {
 public:
  explicit Running(const Layer& layer) : before_(std::exchange(running, &layer)) {}
  ~Running() { running = before_; }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  const Layer* const before_;
};

// An Error that names its place. Another type than Error, so that no layer around adds to it.
class LocatedError final : public Error {
 public:
  using Error::Error;
};

}  // namespace

detail::LayerObserver::LayerObserver() : before_(std::exchange(observer, this)) {}

detail::LayerObserver::~LayerObserver() { observer = before_; }

Variable Layer::operator()(const Variable& x) {
  Variable y = located(*this, [&] {
    if (!x.defined()) fail(type_name(), "the input is undefined");
    const Running here(*this);
    return forward(x);
  });
  show(y);
  return y;
}

Variable Layer::operator()(const Variable& x, const Tensor& lengths) {
  if (!lengths.defined()) return (*this)(x);
  Variable y = located(*this, [&] {
    if (!x.defined()) fail(type_name(), "the input is undefined");
    const Running here(*this);
    return forward_padded(x, lengths);
  });
  show(y);
  return y;
}

bool Layer::observed() { return observer != nullptr; }

void Layer::show(const Variable& result) const {
  const Layer* const caller = running == this ? nullptr : running;
  if (observer != nullptr) return observer->saw(*this, result, caller);
  if (parent_ == nullptr && caller != nullptr) check_held(*caller);
}

void Layer::check_held(const Layer& caller) const {
  if (!training() || !grad_enabled() || !forgotten() || caller.root().contains(this)) return;
  fail(caller.type_name(), "forward calls a ", type_name(),
       " that no module holds: its parameters and its mode would be forgotten. Take it in with "
       "add(\"name\", ...) in the constructor, or freeze it");
}

void Layer::rethrow(const Layer& layer, const Error& error) {
  const std::string path = layer.path();
  if (typeid(error) != typeid(Error) || path.empty()) throw;
  throw LocatedError(path + ": " + error.what());
}

Variable Layer::forward_padded(const Variable& x, const Tensor&) { return forward(x); }

Fused Layer::fuse_with(Layer&) { return nullptr; }

Fused Layer::fuse_with_two(Layer&, Layer&) { return nullptr; }

}  // namespace plumb::nn
