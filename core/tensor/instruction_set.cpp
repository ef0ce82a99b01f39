#include "instruction_set.hpp"

#include "../kernels/instruction_set.hpp"

namespace plumb {

std::string instruction_set() { return kernel::instruction_set(); }

}  // namespace plumb
