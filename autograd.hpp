// The autograd room: variables, operations, backward, gradcheck.
#pragma once

#include "autograd/gradcheck.hpp"
#include "autograd/modes.hpp"
#include "autograd/ops/activation.hpp"
#include "autograd/ops/arithmetic.hpp"
#include "autograd/ops/cross_entropy.hpp"
#include "autograd/ops/dropout.hpp"
#include "autograd/ops/indexing.hpp"
#include "autograd/ops/loss.hpp"
#include "autograd/ops/math.hpp"
#include "autograd/ops/matmul.hpp"
#include "autograd/ops/reduction.hpp"
#include "autograd/ops/shape.hpp"
#include "autograd/ops/softmax.hpp"
#include "autograd/record.hpp"
#include "autograd/variable.hpp"
#include "core.hpp"
