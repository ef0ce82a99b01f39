// Layer: a module with one input and one output, called like a function.
#pragma once

#include "module.hpp"

namespace plumb::nn {

class Layer;

namespace detail {
// Sees the results of the layers that it watches; for summary.
class LayerObserver {
 public:
  virtual void saw(const Layer& layer, const Variable& result) = 0;

 protected:
  ~LayerObserver() = default;
  // Null: nobody watches.
  static void set_observer(Layer& layer, LayerObserver* observer);
};
}  // namespace detail

/// Whether a layer adds a learnt bias.
enum class Bias : std::uint8_t { no, yes };

/// A module with one input and one output. A layer of one's own registers what it has and says what
/// comes out; the gradient follows from the operations that it uses:
///
/// ```
/// class Gain : public nn::Layer {
///  public:
///   explicit Gain(std::int64_t features) : gain_(add_parameter("gain", Tensor::ones({features})))
///   {} Variable forward(const Variable& x) override { return x * gain_; }
///
///  private:
///   Variable gain_;
/// };
/// ```
class Layer : public Module {
 public:
  /// The output for x. Layers define it; callers write layer(x).
  virtual Variable forward(const Variable& x) = 0;

  /// forward(x). Throws when x is undefined.
  Variable operator()(const Variable& x);

 protected:
  /// Whether somebody sees the results of this layer.
  static bool observed(const Layer& layer) { return layer.observer_ != nullptr; }

 private:
  friend class detail::LayerObserver;
  detail::LayerObserver* observer_ = nullptr;
};

}  // namespace plumb::nn
