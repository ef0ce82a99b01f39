// fail and text without their namespace, for the library's own sources: a user's names stay free.
#pragma once

#include "../error.hpp"

namespace plumb {
using errors::append_text;
using errors::fail;
using errors::text;
}  // namespace plumb
