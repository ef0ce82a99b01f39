#include "size2d.hpp"

#include "../runtime/internal/fail.hpp"

namespace plumb {

void append_text(std::string& out, const Size2d& size) {
  out += text("[", size.height, ", ", size.width, "]");
}

}  // namespace plumb
