// Which plumb this is.
#pragma once

namespace plumb {

/// "0.1.0".
const char* version();

}  // namespace plumb
