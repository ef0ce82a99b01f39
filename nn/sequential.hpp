// Sequential: layers applied one after the other.
#pragma once

#include "layer.hpp"

namespace plumb::nn {

/// Feeds its input to the first layer, that one's output to the second and so on; without layers
/// it returns its input. The layers are named "0", "1", ... A ReLU before a MaxPool is applied
/// behind it, one behind a Linear (not behind a class derived from it) together with it: that
/// changes no bit of the result or of the gradients and saves most of the ReLU's work.
///
/// ```
/// nn::Sequential model{nn::Flatten(), nn::Linear(784, 128, generator), nn::ReLU(),
///                      nn::Linear(128, 10, generator)};
/// ```
///
/// The braces matter: C++ evaluates arguments in them from left to right, those in parentheses in
/// any order, and weights are drawn from the generator in the order of evaluation.
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
  L& push_back(L layer) {
    return push_back(std::make_shared<L>(std::move(layer)));
  }
  template <class L>
  L& push_back(std::shared_ptr<L> layer) {
    static_assert(std::is_base_of_v<Layer, L>, "a Sequential takes layers");
    L& added = add(std::to_string(layers_.size()), std::move(layer));
    append(added);
    return added;
  }

  std::int64_t size() const { return static_cast<std::int64_t>(layers_.size()); }
  /// Throws when there is no such layer.
  Layer& operator[](std::int64_t index) const;

  Variable forward(const Variable& x) override;

 private:
  // What is done with a layer and the one behind it.
  enum class Joint : std::uint8_t { none, exchanged, linear_relu };
  static Joint joint(const Layer& a, const Layer& b);
  void append(Layer& layer);

  std::vector<Layer*> layers_;
  std::vector<Joint> joints_;  // of each layer with the next
};

}  // namespace plumb::nn
