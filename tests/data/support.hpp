// What the data tests share: gzip and IDX files.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "../support/errors.hpp"
#include "../support/temporary_folder.hpp"

namespace plumb::test {

// The content as one gzip member.
std::string gzip(const std::string& content);

// An IDX file: 0 0 type rank, sizes, elements.
std::string idx(int type, const std::vector<std::uint32_t>& sizes, const std::string& elements);

// The folder of the real data sets, "" where there is none.
std::string real_data(const std::string& name);

}  // namespace plumb::test
