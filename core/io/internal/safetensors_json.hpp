// The JSON of a safetensors header, read with bounds on what it may bring into memory.
#pragma once

#include <string_view>

#include "origin.hpp"
#include "safetensors_header.hpp"

namespace plumb::detail {

// What it says, its tensors in their order there. Throws for what is no JSON, has not the form of a header, or is
// beyond SafetensorsLimits; whether types, sizes and places fit each other is not looked at.
SafetensorsHeader read_safetensors_json(const Origin& origin, std::string_view json);

}  // namespace plumb::detail
