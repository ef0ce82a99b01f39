// Whether a matrix is read as it stands or transposed; nothing is copied either way.
#pragma once

#include <cstdint>

namespace plumb {

enum class Transpose : std::uint8_t { no, yes };

inline Transpose flip(Transpose t) { return t == Transpose::no ? Transpose::yes : Transpose::no; }

}  // namespace plumb
