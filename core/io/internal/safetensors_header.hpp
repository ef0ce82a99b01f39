// The header of a safetensors file: JSON that names every tensor, its type, shape and place.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "../../tensor/dtype.hpp"
#include "../../tensor/shape.hpp"
#include "input_file.hpp"
#include "origin.hpp"

namespace plumb::detail {

// One tensor of the file. Offsets count from the first byte behind the header.
struct StoredTensor {
  std::string name;
  std::string type;  // "F32"
  Shape shape;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;

  std::uint64_t bytes() const { return end - begin; }
};

struct SafetensorsHeader {
  static constexpr const char* metadata_name = "__metadata__";

  std::vector<StoredTensor> tensors;            // in the order of their offsets
  std::map<std::string, std::string> metadata;  // what stands under that name
};

// Bounds on what is read and written, so that a reader's memory is bounded by the size of the file.
struct SafetensorsLimits {
  static constexpr std::uint64_t header_bytes = 100'000'000;  // that of the format
  static constexpr std::uint64_t tensors = 65'536;
  static constexpr std::uint64_t metadata = 131'072;
  static constexpr std::uint64_t string_bytes = std::uint64_t{1} << 20;    // of one string
  static constexpr std::uint64_t strings_bytes = std::uint64_t{16} << 20;  // of all together
};

// Bytes of an element of type "F32"; 0 for types that plumb does not read.
std::uint64_t stored_size(const std::string& type);

// What elements of type "F32" become when they are loaded, those of 16 bits being converted.
DType loaded_dtype(const std::string& type);

// The text of a file's header: what its first 8 bytes count.
std::string read_safetensors_header(InputFile& file);

// Parses a header. `data_bytes` are behind it, which the tensors must fill without hole or overlap.
// Throws, naming the tensor where it is one, for all that is no such header.
SafetensorsHeader parse_safetensors_header(const Origin& origin, std::string_view header,
                                           std::uint64_t data_bytes);

// The header's text. Metadata comes first, in the order given. Throws for names that are empty or
// no UTF-8, and beyond the limits.
std::string safetensors_header_text(
    const Origin& origin, const std::vector<StoredTensor>& tensors,
    const std::vector<std::pair<std::string, std::string>>& metadata);

}  // namespace plumb::detail
