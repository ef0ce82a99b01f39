// Lists of strings in a state dict.
#pragma once

#include <string>
#include <vector>

#include "../../core/io/state_dict.hpp"

namespace plumb::data::detail {

// As tensors "name.bytes" uint8 and "name.ends" int64 [n]: a scalar of a file must be UTF-8, which what
// is read from other files need not be.
void set_strings(StateDict& state, const std::string& name,
                 const std::vector<std::string>& strings);

// Throws "[operation] ..." where the tensors are missing or make no strings.
std::vector<std::string> get_strings(const char* operation, const StateDict& state,
                                     const std::string& name);

}  // namespace plumb::data::detail
