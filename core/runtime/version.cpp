#include "version.hpp"

namespace plumb {

const char* version() { return PLUMB_VERSION; }

}  // namespace plumb
