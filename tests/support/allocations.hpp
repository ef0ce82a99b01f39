// How often a piece of code asks for memory with `new`.
#pragma once

#include <cstdint>

namespace plumb::test {

/// Calls of operator new by this thread so far. The memory of tensors does not come from there.
std::int64_t allocations();

}  // namespace plumb::test
