// How a kernel stores a gradient.
#pragma once

#include <cstdint>

namespace plumb {

/// Overwrite a destination whose old content means nothing, or add to what is there.
enum class Write : std::uint8_t { overwrite, accumulate };

}  // namespace plumb
