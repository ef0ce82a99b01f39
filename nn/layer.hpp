// Layer: a module with one input and one output, called like a function.
#pragma once

#include <functional>
#include <typeinfo>

#include "../core/runtime/error.hpp"
#include "module.hpp"

namespace plumb::nn {

class Layer;

namespace detail {
// While it lives, it sees the results of all layers that the thread calls; for summary.
class LayerObserver {
 public:
  LayerObserver(const LayerObserver&) = delete;
  LayerObserver& operator=(const LayerObserver&) = delete;
  // `caller` is the layer in whose forward this one was called; null for none.
  virtual void saw(const Layer& layer, const Variable& result, const Layer* caller) = 0;

 protected:
  LayerObserver();
  ~LayerObserver();

 private:
  LayerObserver* const before_;
};
}  // namespace detail

/// Whether a layer adds a learnt bias.
enum class Bias : std::uint8_t { no, yes };

/// One function that does the work of two or three layers.
using Fused = std::function<Variable(const Variable& x)>;

/// A module with one input and one output. What else a layer may need stands beside x: the lengths
/// of padded sequences go through every layer of a Sequential; masks, states and second inputs are
/// arguments of functions of the layers that have them. A layer of one's own registers its parameters and says
/// what comes out; the gradient follows from the operations that it uses:
///
/// ```
/// class Gain : public nn::Layer {
///  public:
///   explicit Gain(std::int64_t features)
///       : gain_(add_parameter("gain", Tensor::ones({features}))) {}
///   Variable forward(const Variable& x) override { return x * gain_; }
///
///  private:
///   Variable gain_;
/// };
/// ```
class Layer : public Module {
 public:
  /// The output for x. Layers define it; callers write layer(x).
  virtual Variable forward(const Variable& x) = 0;

  /// The output for x [n, steps, ...] of which sample i has lengths[i] steps and padding behind
  /// them. Layers that mix steps (recurrent layers, attention, sums over steps) define it so that
  /// padding changes nothing; the others, which see each step alone, need not.
  virtual Variable forward_padded(const Variable& x, const Tensor& lengths);

  /// forward(x). Throws when x is undefined. An Error from within begins with the layer's place in
  /// its tree, "encoder.2: [Linear] ...".
  ///
  /// Throws too where the forward of another layer calls it, in training mode, and no module holds
  /// it, nobody has asked for its parameters, and it has some that want a gradient, or a random
  /// stream: a layer that was forgotten to be taken in with add() would silently stay untrained.
  Variable operator()(const Variable& x);
  /// forward_padded(x, lengths) for lengths int64 [n], each in [0, steps]; forward(x) where they
  /// are undefined, as in a Batch of samples of one length. A layer that reads lengths throws when
  /// they do not fit x.
  Variable operator()(const Variable& x, const Tensor& lengths);

  /// A function that gives the bits of next(layer(x)), and of all gradients, in less work; or null,
  /// the default, where the layer knows none. A Sequential asks for it when `next` is added behind
  /// this layer, and then calls it in place of the two, except while somebody watches one of them
  /// (summary does). Both layers live longer than the function. To be made with fused().
  virtual Fused fuse_with(Layer& next);
  /// The same of three layers: a function that gives the bits of last(next(layer(x))). A Sequential prefers it.
  virtual Fused fuse_with_two(Layer& next, Layer& last);

 protected:
  /// x -> step(first, next, x), or null where `next` is no Next. Null too where the object is of a
  /// class that derives from First or Next, since that may have another forward.
  ///
  /// ```
  /// Fused Linear::fuse_with(Layer& next) {
  ///   return fused<ReLU>(*this, next, [](Linear& linear, ReLU&, const Variable& x) {
  ///     return linear.forward_relu(x);
  ///   });
  /// }
  /// ```
  template <class Next, class First, class Step>
  static Fused fused(First& first, Layer& next, Step step) {
    if (typeid(first) != typeid(First) || typeid(next) != typeid(Next)) return nullptr;
    return [&first, &second = static_cast<Next&>(next), step](const Variable& x) {
      return step(first, second, x);
    };
  }
  /// x -> step(first, next, last, x), or null as above.
  template <class Next, class Last, class First, class Step>
  static Fused fused(First& first, Layer& next, Layer& last, Step step) {
    if (typeid(first) != typeid(First) || typeid(next) != typeid(Next) ||
        typeid(last) != typeid(Last))
      return nullptr;
    return [&first, &second = static_cast<Next&>(next), &third = static_cast<Last&>(last),
            step](const Variable& x) { return step(first, second, third, x); };
  }

  /// Whether somebody watches the results of layers.
  static bool observed();
  /// Shows a result to whoever watches, and makes sure that some module holds this layer: for
  /// functions of it besides operator().
  void show(const Variable& result) const;
  /// f(), with the layer's place in its tree in front of an Error that names none yet.
  template <class F>
  static Variable located(const Layer& layer, const F& f) {
    try {
      return f();
    } catch (const Error& error) {
      rethrow(layer, error);
    }
  }

 private:
  // The error that is being handled, with its place.
  [[noreturn]] static void rethrow(const Layer& layer, const Error& error);
  void check_held(const Layer& caller) const;
};

}  // namespace plumb::nn
