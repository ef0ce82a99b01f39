// Losses, the functions that training makes small, under the name where one looks for them.
#pragma once

#include "../autograd/ops/cross_entropy.hpp"
#include "../autograd/ops/loss.hpp"

namespace plumb::nn {

// Logits and class targets. cross_entropy takes what the last Linear gives; nll what LogSoftmax
// gives.
using plumb::cross_entropy;
using plumb::CrossEntropyOptions;
using plumb::nll;
using plumb::NllOptions;

// Elements and targets of the same shape, which never broadcast.
using plumb::bce_with_logits;
using plumb::BceOptions;
using plumb::huber;
using plumb::kl_div;
using plumb::KlDivOptions;
using plumb::l1;
using plumb::mse;

using plumb::Reduction;

}  // namespace plumb::nn
