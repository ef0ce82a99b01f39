// The options of convolutions as the reference files name them.
#pragma once

#include <plumb/autograd/ops/convolution.hpp>

#include "../support/reference.hpp"

namespace plumb::test {

Conv1dOptions conv1d_options(const Options& o);
Conv2dOptions conv2d_options(const Options& o);
ConvTranspose1dOptions conv_transpose1d_options(const Options& o);
ConvTranspose2dOptions conv_transpose2d_options(const Options& o);

}  // namespace plumb::test
