// gradcheck of a layer: of its input and of all of its parameters.
#pragma once

#include "../autograd/gradcheck.hpp"
#include "layer.hpp"

namespace plumb::nn {

/// plumb::gradcheck of the layer as a function of x (input 0) and of its parameters that want a
/// gradient (inputs 1, 2, ... in the order of parameters()). The layer and x must be float64, but
/// for an x of class indices: it has no gradient, and the parameters are inputs 0, 1, ...
/// Random streams are set back before each evaluation, so that dropout in training mode always
/// drops the same elements. Parameters, buffers and streams are restored at the end, also when it
/// throws.
///
/// Throws "[gradcheck] ..." where a gradient differs from the finite difference, and where x or a
/// parameter takes no part in the output.
void gradcheck(Layer& layer, const Tensor& x, const GradcheckOptions& options = {});

/// The same for padded sequences: of layer(x, lengths).
void gradcheck(Layer& layer, const Tensor& x, const Tensor& lengths,
               const GradcheckOptions& options = {});

/// The same for a module of several inputs, in the pass that `f` makes of them. Those that are
/// floating, then the parameters are inputs 0, 1, ...
///
/// ```
/// nn::gradcheck(model, [&](const auto& in) { return model.forward(in[0], in[1]); }, {a, b});
/// ```
void gradcheck(Module& module, const GradcheckFunction& f, const std::vector<Tensor>& inputs,
               const GradcheckOptions& options = {});

/// plumb::gradgradcheck of all of these, with errors "[gradgradcheck] ...": of the gradients of x and
/// of the parameters, as functions of them and of the gradient of the result.
void gradgradcheck(Layer& layer, const Tensor& x, const GradcheckOptions& options = {});
void gradgradcheck(Layer& layer, const Tensor& x, const Tensor& lengths,
                   const GradcheckOptions& options = {});
void gradgradcheck(Module& module, const GradcheckFunction& f, const std::vector<Tensor>& inputs,
                   const GradcheckOptions& options = {});

}  // namespace plumb::nn
