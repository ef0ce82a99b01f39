// Sequential: layers applied one after the other.
#pragma once

#include "layer.hpp"

namespace plumb::nn {

/// Feeds its input to the first layer, that one's output to the second and so on; without layers
/// it returns its input. The layers are named "0", "1", ...
///
/// Two or three layers of which the first knows a faster way to do the work of all take that
/// (Layer::fuse_with, fuse_with_two): a Linear and a ReLU, a ReLU and a MaxPool, a BatchNorm2d, a ReLU and a
/// MaxPool2d. No bit of the result or of the gradients changes.
///
/// ```
/// nn::Sequential model{nn::Flatten(), nn::Linear(784, 128, generator), nn::ReLU(),
///                      nn::Linear(128, 10, generator)};
/// ```
///
/// The braces matter: weights are drawn from the generator in the order of evaluation, which is
/// from left to right in braces and any order in parentheses.
class Sequential : public Layer {
 public:
  Sequential() = default;
  /// From layers by value, and shared_ptrs to layers that others hold too. A Sequential alone is
  /// moved, not nested.
  template <
      class First, class... Rest,
      class = std::enable_if_t<(sizeof...(Rest) > 0) || !std::is_base_of_v<Sequential, First>>>
  explicit Sequential(First first, Rest... rest) {
    push_back(std::move(first));
    (push_back(std::move(rest)), ...);
  }

  /// Adds a layer behind the others and returns it; the reference stays valid when this moves.
  template <class L>
  L& push_back(L layer) & {
    return push_back(std::make_shared<L>(std::move(layer)));
  }
  template <class L>
  L& push_back(std::shared_ptr<L> layer) & {
    static_assert(std::is_base_of_v<Layer, L>, "a Sequential takes layers");
    Joint joint = joint_with(layer.get());
    L& added = add(std::to_string(steps_.size()), std::move(layer));
    append(added, std::move(joint));
    return added;
  }

  std::int64_t size() const { return static_cast<std::int64_t>(steps_.size()); }
  /// Throws when there is no such layer.
  Layer& operator[](std::int64_t index) const&;
  Layer& operator[](std::int64_t index) const&& = delete;

  Variable forward(const Variable& x) override;
  /// Every layer gets the lengths: none changes the number of steps.
  Variable forward_padded(const Variable& x, const Tensor& lengths) override;

 private:
  struct Step {
    Layer* layer;
    Fused with_next, with_two;  // null: layers are called by themselves
  };
  // What the last layer, and the one before it, know to do together with a new one.
  struct Joint {
    Fused of_two, of_three;
  };
  Variable apply(const Variable& x, const Tensor& lengths);
  Joint joint_with(Layer* layer) const;
  void append(Layer& layer, Joint joint);

  std::vector<Step> steps_;
};

}  // namespace plumb::nn
