// PoolLayer: a pooling operation by windows of a fixed size as a layer.
#pragma once

#include "../autograd/ops/pooling.hpp"
#include "layer.hpp"

namespace plumb::nn {

/// What MaxPool1d, AvgPool2d and the like are made of. Size is std::int64_t for signals, Size2d for
/// images.
template <class Size, class Options, Variable (*operation)(const Variable&, Size, const Options&)>
class PoolLayer : public Layer {
 public:
  /// Throws as the operation.
  Variable forward(const Variable& x) override { return operation(x, kernel_, options_); }

 protected:
  PoolLayer(Size kernel, const Options& options) : kernel_(kernel), options_(options) {}

 private:
  Size kernel_;
  Options options_;
};

}  // namespace plumb::nn
