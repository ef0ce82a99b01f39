// Identity: the layer that does nothing, where one is asked for.
#pragma once

#include "layer.hpp"

namespace plumb::nn {

/// y = x, of any shape and dtype.
class Identity : public Layer {
 public:
  Variable forward(const Variable& x) override { return x; }
};

}  // namespace plumb::nn
