// Datasets and loaders: samples to mini-batches.
#pragma once

#include "core/runtime/error.hpp"
#include "data/bucket_sampler.hpp"
#include "data/byte_scaling.hpp"
#include "data/concatenation.hpp"
#include "data/dataset.hpp"
#include "data/digits/synthetic_digits.hpp"
#include "data/idx.hpp"
#include "data/images.hpp"
#include "data/loader.hpp"
#include "data/mnist.hpp"
#include "data/random_split.hpp"
#include "data/sampler.hpp"
#include "data/shard_sampler.hpp"
#include "data/subset.hpp"
#include "data/tensor_dataset.hpp"
#include "data/weighted_sampler.hpp"
