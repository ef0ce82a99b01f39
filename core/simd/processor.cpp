#include "processor.hpp"

#include <unistd.h>

namespace plumb::kernel {

std::int64_t second_cache_bytes() {
  static const std::int64_t found = [] {
#if defined(_SC_LEVEL2_CACHE_SIZE)
    const std::int64_t bytes = ::sysconf(_SC_LEVEL2_CACHE_SIZE);
    if (bytes > 0) return bytes;
#endif
    return usual_second_cache_bytes;
  }();
  return found;
}

}  // namespace plumb::kernel
