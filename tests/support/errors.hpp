// What an error says.
#pragma once

#include <plumb/core/runtime/error.hpp>
#include <string>

namespace plumb::test {

/// The message of the plumb::Error that f throws; "" where it throws none. Others pass through.
template <class F>
std::string error_of(F&& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

inline bool contains(const std::string& whole, const std::string& part) {
  return whole.find(part) != std::string::npos;
}

}  // namespace plumb::test
