// The autograd room: variables, operations, backward, gradcheck.
#pragma once

#include "autograd/gradcheck.hpp"
#include "autograd/modes.hpp"
#include "autograd/ops/activation.hpp"
#include "autograd/ops/arithmetic.hpp"
#include "autograd/ops/math.hpp"
#include "autograd/ops/matmul.hpp"
#include "autograd/record.hpp"
#include "autograd/variable.hpp"
#include "core.hpp"
