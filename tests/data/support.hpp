// What the data tests share: gzip and IDX files, and a dataset.
#pragma once

#include <cstdint>
#include <memory>
#include <plumb/data.hpp>
#include <string>
#include <vector>

#include "../support/errors.hpp"
#include "../support/temporary_folder.hpp"

namespace plumb::test {

// The content as one gzip member.
std::string gzip(const std::string& content);

// An IDX file: 0 0 type rank, sizes, elements.
std::string idx(int type, const std::vector<std::uint32_t>& sizes, const std::string& elements);

// The items 0 to n - 1, each its own number, without targets.
inline std::shared_ptr<const data::Dataset> numbers(std::int64_t n) {
  return std::make_shared<data::TensorDataset>(Tensor::arange(n), Tensor());
}

// The folder of the real data sets, "" where there is none.
std::string real_data(const std::string& name);

}  // namespace plumb::test
