// The samples of each class.
#pragma once

#include <cstdint>
#include <vector>

#include "../../core/tensor/tensor.hpp"

namespace plumb::data::detail {

// The samples of each class that has any, classes and samples in ascending order. Throws
// "[operation] ..." unless labels are int64 or uint8 [n] and none is negative.
std::vector<std::vector<std::int64_t>> class_members(const char* operation, const Tensor& labels);

}  // namespace plumb::data::detail
