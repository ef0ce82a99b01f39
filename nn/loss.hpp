// The losses of autograd/ops under the names nn::cross_entropy, nn::mse, ...
#pragma once

#include "../autograd/ops/cross_entropy.hpp"
#include "../autograd/ops/loss.hpp"

namespace plumb::nn {

// Class targets: cross_entropy takes the logits of the last Linear, nll the output of a LogSoftmax;
// token_cross_entropy those of every step of sequences.
using plumb::cross_entropy;
using plumb::CrossEntropyOptions;
using plumb::nll;
using plumb::NllOptions;
using plumb::token_cross_entropy;

// Targets of the shape of the input; nothing broadcasts.
using plumb::bce_with_logits;
using plumb::BceOptions;
using plumb::huber;
using plumb::kl_div;
using plumb::KlDivOptions;
using plumb::l1;
using plumb::mse;

using plumb::Reduction;

}  // namespace plumb::nn
