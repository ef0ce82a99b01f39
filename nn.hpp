// The nn room: modules, layers, initializers, losses, summary.
#pragma once

#include "autograd.hpp"
#include "nn/activation.hpp"
#include "nn/convolution.hpp"
#include "nn/dropout.hpp"
#include "nn/gradcheck.hpp"
#include "nn/init.hpp"
#include "nn/layer.hpp"
#include "nn/linear.hpp"
#include "nn/log_mel.hpp"
#include "nn/loss.hpp"
#include "nn/module.hpp"
#include "nn/normalization.hpp"
#include "nn/pooling.hpp"
#include "nn/sequential.hpp"
#include "nn/shape.hpp"
#include "nn/summary.hpp"
