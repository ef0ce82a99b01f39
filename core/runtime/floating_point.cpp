#include "floating_point.hpp"

namespace plumb {

#if defined(__x86_64__)

void set_flush_subnormals(bool flush) {
  detail::library_mode = detail::usual_mode | (flush ? detail::flushes : 0);
}

bool flush_subnormals() { return detail::library_mode != detail::usual_mode; }

#else

void set_flush_subnormals(bool) {}
bool flush_subnormals() { return false; }

#endif

}  // namespace plumb
