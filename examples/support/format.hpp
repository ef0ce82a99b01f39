// printf into a string.
#pragma once

#include <string>

std::string format(const char* pattern, ...) __attribute__((format(printf, 1, 2)));
