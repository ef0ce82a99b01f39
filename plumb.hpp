// Everything that a program which trains a model needs.
#pragma once

#include "autograd.hpp"
#include "core.hpp"
#include "data.hpp"
#include "nn.hpp"
#include "optim.hpp"
