// The header of an IDX file, and its elements as a tensor.
#pragma once

#include <cstdint>
#include <string>

#include "../../core/tensor/tensor.hpp"
#include "byte_source.hpp"

namespace plumb::data::detail {

// How an element is stored, and what it becomes.
struct IdxType {
  int code;
  int bytes;
  DType dtype;
};

struct IdxHeader {
  IdxType type;
  Shape shape;
  std::int64_t bytes;  // of the elements

  // Of the header itself.
  std::int64_t length() const { return 4 + 4 * std::int64_t{shape.rank()}; }
};

// "60000x28x28 = 47040000 bytes"
std::string describe(const IdxHeader& header);

// Reads the header of a file. Errors are "[operation] path: ...".
IdxHeader read_idx_header(ByteSource& source, const std::string& operation,
                          const std::string& path);

// Throws where the elements in a file that is not compressed are more or less than the header
// declares.
void check_idx_size(const ByteSource& source, const IdxHeader& header, const std::string& operation,
                    const std::string& path);

// Elements as they are stored, `bytes` of them, as a tensor of their type.
Tensor idx_elements(const Tensor& bytes, const IdxType& type, const Shape& shape);

}  // namespace plumb::data::detail
