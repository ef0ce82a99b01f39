// A whole file in memory: what the readers of text formats begin with.
#pragma once

#include <string>

namespace plumb::data::detail {

// The bytes of a file or pipe, unzipped where they are gzip. Memory follows what arrives. Errors are
// those of open_bytes.
std::string read_whole(const std::string& operation, const std::string& path);

}  // namespace plumb::data::detail
