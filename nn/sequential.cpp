#include "sequential.hpp"

#include <typeinfo>

#include "../core/error.hpp"
#include "activations.hpp"
#include "linear.hpp"
#include "max_pool.hpp"

namespace plumb::nn {
namespace {

// Whether b(a(x)) and a(b(x)) have the same bits, gradients too, and the latter is less work: the
// largest of a window that was cut off at 0 is the largest of the window, cut off at 0.
bool better_exchanged(const Layer& a, const Layer& b) {
  return typeid(a) == typeid(ReLU) &&
         (typeid(b) == typeid(MaxPool2d) || typeid(b) == typeid(MaxPool1d));
}

bool is_linear_relu(const Layer& a, const Layer& b) {
  return typeid(a) == typeid(Linear) && typeid(b) == typeid(ReLU);
}

}  // namespace

Layer& Sequential::operator[](std::int64_t index) const {
  if (index < 0 || index >= size())
    fail("Sequential", "index ", index, " is out of range [0, ", size(), ")");
  return *layers_[static_cast<std::size_t>(index)];
}

Variable Sequential::forward(const Variable& x) {
  Variable y = x;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    Layer& layer = *layers_[i];
    Layer* next = i + 1 < layers_.size() ? layers_[i + 1] : nullptr;
    if (next != nullptr && better_exchanged(layer, *next)) {
      y = layer((*next)(y));
      ++i;
    } else if (next != nullptr && y.defined() && is_linear_relu(layer, *next) && !observed(layer) &&
               !observed(*next)) {
      y = static_cast<Linear&>(layer).forward_relu(y);
      ++i;
    } else {
      y = layer(y);
    }
  }
  return y;
}

}  // namespace plumb::nn
