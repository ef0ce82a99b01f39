// Scalars of a state dict as text that reads back bit for bit: "int64 5", "double 0.1", "bool
// true".
#pragma once

#include <string>

#include "../state_dict.hpp"
#include "origin.hpp"

namespace plumb::detail {

std::string scalar_text(const StateDict::Scalar& scalar);

// Throws, naming the scalar, where the text is none of scalar_text.
StateDict::Scalar parse_scalar(const Origin& origin, const std::string& name,
                               const std::string& text);

}  // namespace plumb::detail
