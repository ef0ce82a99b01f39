// One number for all that something holds.
#pragma once

#include <plumb/core.hpp>

namespace plumb::test {

/// Of the tensors of a state dict, behind those that `before` stands for.
inline std::uint64_t bits(const StateDict& state, std::uint64_t before = 0) {
  for (const auto& [name, tensor] : state.tensors()) before = hash(tensor, before);
  return before;
}

}  // namespace plumb::test
