// summary: a model as a table of layers, shapes and parameter counts.
#pragma once

#include <functional>
#include <string>
#include <type_traits>

#include "layer.hpp"

namespace plumb::nn {

/// A line for every module of the tree: name, type, shape of its output for an input of the shape
/// `input` (batch included), and the number of its own parameters. A module in several places has a
/// line for each, with the shapes in the order of its calls; one place that is called several times
/// shows the shapes that differ. A shared parameter counts where it comes first. Then the totals.
///
/// ```
/// layer    type        output     parameters
/// (model)  Sequential  [64, 10]            0
/// 0        Linear      [64, 128]     100,480
/// 1        ReLU        [64, 128]           0
/// 2        Linear      [64, 10]        1,290
/// parameters: 101,770, trainable: 101,770
/// ```
///
/// The shapes come from a forward pass of zeros in evaluation mode, of the dtype of the model's
/// first parameter; "-" for a module that took no part. The pass leaves the model as it was, also
/// when it throws.
std::string summary(Layer& model, const Shape& input);

/// The same for a forward pass of `x`, as it is: for models that take class indices, and for
/// padded sequences with their lengths.
std::string summary(Layer& model, const Tensor& x, const Tensor& lengths = {});

/// The same for whatever forward pass `pass` makes: for modules of several inputs.
///
/// ```
/// std::puts(nn::summary(model, [&] { model.forward(source, target); }).c_str());
/// ```
///
/// All forms name below the totals the layers that the pass called and the tree does not have, since
/// nobody took them in with add(): an optimizer gets none of their parameters, and train() and
/// eval() do not reach them.
std::string summary(Module& model, const std::function<void()>& pass);

namespace detail {
template <class M>
using IfNoLayer =
    std::enable_if_t<std::is_base_of_v<Module, M> && !std::is_base_of_v<Layer, M>, std::string>;
template <class M>
constexpr bool says_its_pass = false;
}  // namespace detail

// What is no Layer has no one input: say the pass.
template <class M>
detail::IfNoLayer<M> summary(M&, const Shape&) {
  static_assert(detail::says_its_pass<M>,
                "not a Layer: write summary(model, [&] { model.forward(a, b); })");
  return {};
}
template <class M>
detail::IfNoLayer<M> summary(M& model, const Tensor& x, const Tensor& = {}) {
  return summary(model, x.shape());
}

}  // namespace plumb::nn
