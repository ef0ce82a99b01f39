#include "format.hpp"

#include <cmath>
#include <cstdarg>
#include <cstdio>

std::string format(const char* pattern, ...) {
  std::va_list values, again;
  va_start(values, pattern);
  va_copy(again, values);
  const int length = std::vsnprintf(nullptr, 0, pattern, values);
  va_end(values);
  std::string out(static_cast<std::size_t>(length), '\0');
  std::vsnprintf(out.data(), out.size() + 1, pattern, again);
  va_end(again);
  return out;
}

std::string bytes_text(double bytes) {
  if (std::isnan(bytes)) return "-";
  const char* const units[] = {"B", "kB", "MB", "GB"};
  int unit = 0;
  for (; bytes >= 999.5 && unit < 3; ++unit) bytes /= 1000;
  return format("%.3g %s", bytes, units[unit]);
}
