// Subnormal numbers, for tests of how the library treats them.
#pragma once

#include <plumb/core/runtime/floating_point.hpp>

namespace plumb::test {

/// Until the end of the scope the library keeps them.
struct SubnormalsKept {
  SubnormalsKept() { set_flush_subnormals(false); }
  ~SubnormalsKept() { set_flush_subnormals(true); }
};

}  // namespace plumb::test
