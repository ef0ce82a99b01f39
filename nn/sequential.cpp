#include "sequential.hpp"

#include <typeinfo>

#include "../core/runtime/error.hpp"
#include "activation.hpp"
#include "linear.hpp"
#include "pooling.hpp"

namespace plumb::nn {

// b(a(x)) and a(b(x)) have the same bits where a is a ReLU and b takes maxima, gradients too, and
// the latter is less work: the largest of a window that was cut off at 0 is the largest of the
// window, cut off at 0.
Sequential::Joint Sequential::joint(const Layer& a, const Layer& b) {
  if (typeid(a) == typeid(ReLU) &&
      (typeid(b) == typeid(MaxPool2d) || typeid(b) == typeid(MaxPool1d)))
    return Joint::exchanged;
  if (typeid(a) == typeid(Linear) && typeid(b) == typeid(ReLU)) return Joint::linear_relu;
  return Joint::none;
}

void Sequential::append(Layer& layer) {
  if (!layers_.empty()) joints_.back() = joint(*layers_.back(), layer);
  layers_.push_back(&layer);
  joints_.push_back(Joint::none);
}

Layer& Sequential::operator[](std::int64_t index) const {
  if (index < 0 || index >= size())
    fail("Sequential", "index ", index, " is out of range [0, ", size(), ")");
  return *layers_[static_cast<std::size_t>(index)];
}

Variable Sequential::forward(const Variable& x) {
  Variable y = x;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    Layer& layer = *layers_[i];
    if (joints_[i] == Joint::exchanged) {
      y = layer((*layers_[++i])(y));
    } else if (joints_[i] == Joint::linear_relu && y.defined() && !observed(layer) &&
               !observed(*layers_[i + 1])) {
      y = static_cast<Linear&>(layer).forward_relu(y);
      ++i;
    } else {
      y = layer(y);
    }
  }
  return y;
}

}  // namespace plumb::nn
