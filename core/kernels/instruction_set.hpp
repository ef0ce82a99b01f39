// The name of the instruction set at work.
#pragma once

#include <string>

namespace plumb::kernel {

/// As plumb::instruction_set() has it.
std::string instruction_set();

}  // namespace plumb::kernel
