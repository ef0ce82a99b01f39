// Packing: state dicts as bytes that one rank sends and another reads, both of one program.
#pragma once

#include <cstddef>
#include <vector>

#include "../../core/io/state_dict.hpp"

namespace plumb::distributed::detail {

std::vector<std::byte> pack(const StateDict& state);
/// The state that was packed. Throws where bytes are missing or left over.
StateDict unpack(const std::vector<std::byte>& bytes);

}  // namespace plumb::distributed::detail
