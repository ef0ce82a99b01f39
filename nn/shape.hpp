// Flatten, Unflatten, Identity: layers that leave every element as it is.
#pragma once

#include "layer.hpp"

namespace plumb::nn {

/// Merges the axes from `start_axis` on into one: [n, c, h, w] -> [n, c h w]. Copies nothing.
class Flatten : public Layer {
 public:
  /// A negative axis counts from the last.
  explicit Flatten(int start_axis = 1) : start_axis_(start_axis) {}

  /// Throws "[flatten] axis 1 is out of range [-1, 1)" for an input of too low rank; a scalar
  /// becomes [1].
  Variable forward(const Variable& x) override;

 private:
  int start_axis_;
};

/// Gives the axes behind the first another shape: of sizes {28, 28} [n, 784] -> [n, 28, 28]. Copies
/// nothing.
class Unflatten : public Layer {
 public:
  /// One size may be -1 and is inferred.
  explicit Unflatten(const Shape& sizes) : sizes_(sizes) {}

  /// Throws "[reshape] ..." where the numbers of elements differ, and for a scalar.
  Variable forward(const Variable& x) override;

 private:
  Shape sizes_;
};

/// y = x, of any shape and dtype: for where a layer is asked for and nothing is to be done.
class Identity : public Layer {
 public:
  Variable forward(const Variable& x) override { return x; }
};

}  // namespace plumb::nn
