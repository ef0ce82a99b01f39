// What the errors of reading and writing files begin with.
#pragma once

#include <new>
#include <string>

#include "../../runtime/internal/fail.hpp"

namespace plumb::detail {

// The operation and the path that a message names.
struct Origin {
  std::string operation;
  std::string path;

  // Throws "[operation] path: parts...". What a file calls its tensors is shown without control
  // characters, which a terminal would obey, and at most about this long.
  template <class... Parts>
  [[noreturn]] void refuse(const Parts&... parts) const {
    fail(operation, path, ": ", printable(text(parts...)));
  }

  // What f returns. Errors of others, of an allocation say, get operation and path in front.
  template <class F>
  auto named(F&& f) const {
    try {
      return f();
    } catch (const Error& error) {
      const std::string message = error.what();
      if (message.find(path) != std::string::npos) throw;
      fail(operation, path, ": ", message);
    } catch (const std::bad_alloc&) {
      fail(operation, path, ": there is no memory left");
    }
  }

 private:
  static std::string printable(std::string message) {
    constexpr std::size_t longest = 400;
    if (message.size() > longest) message.replace(longest, std::string::npos, "...");
    for (char& c : message)
      if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = '?';
    return message;
  }
};

}  // namespace plumb::detail
