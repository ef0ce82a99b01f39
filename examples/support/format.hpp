// printf into a string, and numbers as people read them.
#pragma once

#include <string>

/// "96 B", "12.3 kB", "1.23 MB", in powers of 1000; "-" for NaN.
std::string bytes_text(double bytes);

std::string format(const char* pattern, ...) __attribute__((format(printf, 1, 2)));
