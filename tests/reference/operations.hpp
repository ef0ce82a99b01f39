// The operations that the reference files name.
#pragma once

#include "check.hpp"

namespace plumb::test {

/// One table for each file: "arithmetic", "math", ...
const std::map<std::string, Table>& operations();

// Its parts.
Table arithmetic_operations();
Table attention_operations();
Table math_operations();
Table activation_operations();
Table matmul_operations();
Table reduction_operations();
Table shape_operations();
Table rearrange_operations();
Table indexing_operations();
Table softmax_operations();
Table convolution_operations();
Table pooling_operations();
Table normalization_operations();
Table recurrent_operations();
Table cross_entropy_operations();
Table loss_operations();

}  // namespace plumb::test
