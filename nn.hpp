// The nn room: modules, layers, initializers, losses, summary.
#pragma once

#include "autograd.hpp"
#include "nn/activations.hpp"
#include "nn/dropout.hpp"
#include "nn/flatten.hpp"
#include "nn/gradcheck.hpp"
#include "nn/identity.hpp"
#include "nn/init.hpp"
#include "nn/layer.hpp"
#include "nn/linear.hpp"
#include "nn/losses.hpp"
#include "nn/module.hpp"
#include "nn/sequential.hpp"
#include "nn/summary.hpp"
