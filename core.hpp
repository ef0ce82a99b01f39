// The core room: tensors, random numbers, state dicts, errors.
#pragma once

#include "core/arithmetic.hpp"
#include "core/axes.hpp"
#include "core/checkpoint.hpp"
#include "core/checkpoint_folder.hpp"
#include "core/error.hpp"
#include "core/files/safetensors.hpp"
#include "core/hash.hpp"
#include "core/parallel.hpp"
#include "core/pool.hpp"
#include "core/random.hpp"
#include "core/shape.hpp"
#include "core/size2d.hpp"
#include "core/sliding_window.hpp"
#include "core/state_dict.hpp"
#include "core/tensor.hpp"
#include "core/version.hpp"
