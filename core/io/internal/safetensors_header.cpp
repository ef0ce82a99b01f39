#include "safetensors_header.hpp"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "../../runtime/internal/fail.hpp"
#include "safetensors_json.hpp"

namespace plumb::detail {
namespace {

using Limits = SafetensorsLimits;

// Elements as an unsigned number; sizes of 0 hide no overflow.
bool count_bytes(const StoredTensor& tensor, std::uint64_t& bytes) {
  bytes = stored_size(tensor.type);
  bool empty = false;
  for (const std::int64_t size : tensor.shape) {
    empty = empty || size == 0;
    if (size != 0 && __builtin_mul_overflow(bytes, static_cast<std::uint64_t>(size), &bytes))
      return false;
  }
  if (bytes > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return false;
  if (empty) bytes = 0;
  return true;
}

void check_tensor(const Origin& origin, const StoredTensor& tensor, std::uint64_t data_bytes) {
  if (stored_size(tensor.type) == 0)
    origin.refuse("tensor '", tensor.name, "' is of type ", tensor.type,
                  ", expected F64, F32, F16, BF16, I64, U8 or BOOL");
  if (tensor.begin > tensor.end || tensor.end > data_bytes)
    origin.refuse("tensor '", tensor.name, "' lies at [", tensor.begin, ", ", tensor.end,
                  "), the file has ", data_bytes, " bytes of tensors");
  std::uint64_t bytes = 0;
  if (!count_bytes(tensor, bytes))
    origin.refuse("tensor '", tensor.name, "' of shape ", tensor.shape, " exceeds 2^63 - 1 bytes");
  if (bytes != tensor.bytes())
    origin.refuse("tensor '", tensor.name, "' of shape ", tensor.shape, " and type ", tensor.type,
                  " takes ", bytes, " bytes, it has ", tensor.bytes());
}

void check_names(const Origin& origin, const std::vector<StoredTensor>& tensors) {
  std::vector<const std::string*> names;
  names.reserve(tensors.size());
  for (const StoredTensor& tensor : tensors) names.push_back(&tensor.name);
  const auto less = [](const std::string* a, const std::string* b) { return *a < *b; };
  const auto equal = [](const std::string* a, const std::string* b) { return *a == *b; };
  std::sort(names.begin(), names.end(), less);
  const auto twice = std::adjacent_find(names.begin(), names.end(), equal);
  if (twice != names.end()) origin.refuse("tensor '", **twice, "' is there twice");
}

// Sorts the tensors by their place and follows them from the first byte to the last.
void check_places(const Origin& origin, std::vector<StoredTensor>& tensors,
                  std::uint64_t data_bytes) {
  std::sort(tensors.begin(), tensors.end(), [](const StoredTensor& a, const StoredTensor& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
  });
  std::uint64_t filled = 0;
  for (const StoredTensor& tensor : tensors) {
    if (tensor.begin != filled)
      origin.refuse(tensor.begin < filled ? "an overlap" : "a hole", " before tensor '",
                    tensor.name, "': it begins at byte ", tensor.begin, ", the one before ends at ",
                    filled);
    filled = tensor.end;
  }
  if (filled != data_bytes)
    origin.refuse("the tensors end at byte ", filled, ", the file has ", data_bytes,
                  " bytes of tensors");
}

std::string quoted(const Origin& origin, const std::string& string) {
  std::string out;
  try {
    out = nlohmann::json(string).dump();
  } catch (const nlohmann::json::exception&) {
    origin.refuse("a name or value that is no UTF-8 cannot be saved");
  }
  if (out.size() > Limits::string_bytes)
    origin.refuse("a name or value of ", std::uint64_t{out.size()}, " bytes cannot be saved");
  return out;
}

std::string shape_text(const Shape& shape) {
  std::string out;
  for (const std::int64_t size : shape) out += text(out.empty() ? "" : ",", size);
  return "[" + out + "]";
}

}  // namespace

std::uint64_t stored_size(const std::string& type) {
  if (type == "F64" || type == "I64") return 8;
  if (type == "F32") return 4;
  if (type == "F16" || type == "BF16") return 2;
  return type == "U8" || type == "BOOL" ? 1 : 0;
}

DType loaded_dtype(const std::string& type) {
  if (type == "F64") return DType::float64;
  if (type == "I64") return DType::int64;
  return type == "U8" || type == "BOOL" ? DType::uint8 : DType::float32;
}

std::string read_safetensors_header(InputFile& file) {
  constexpr std::size_t length_bytes = 8;
  const Origin& origin = file.origin();
  if (file.size() < length_bytes)
    origin.refuse("expected a safetensors header, the file holds ", file.size(), " bytes");
  std::uint64_t length = 0;
  file.read(&length, length_bytes);
  if (length > Limits::header_bytes)
    origin.refuse("the header declares ", length, " bytes, expected at most ",
                  Limits::header_bytes);
  if (length > file.left())
    origin.refuse("the header declares ", length, " bytes, the file holds ", file.left());
  std::string header(length, '\0');
  file.read(header.data(), length);
  return header;
}

SafetensorsHeader parse_safetensors_header(const Origin& origin, std::string_view header,
                                           std::uint64_t data_bytes) {
  SafetensorsHeader result = read_safetensors_json(origin, header);
  for (const StoredTensor& tensor : result.tensors) check_tensor(origin, tensor, data_bytes);
  check_names(origin, result.tensors);
  check_places(origin, result.tensors, data_bytes);
  return result;
}

std::string safetensors_header_text(
    const Origin& origin, const std::vector<StoredTensor>& tensors,
    const std::vector<std::pair<std::string, std::string>>& metadata) {
  if (tensors.size() > Limits::tensors)
    origin.refuse(std::uint64_t{tensors.size()}, " tensors, at most ", Limits::tensors,
                  " can be saved");
  if (metadata.size() > Limits::metadata)
    origin.refuse(std::uint64_t{metadata.size()}, " scalars and checksums, at most ",
                  Limits::metadata, " can be saved");
  std::uint64_t strings = 0;
  std::string out = text("{\"", SafetensorsHeader::metadata_name, "\":{");
  const char* separator = "";
  for (const auto& [name, value] : metadata) {
    out += separator + quoted(origin, name) + ":" + quoted(origin, value);
    separator = ",";
    strings += name.size() + value.size();
  }
  out += "}";
  for (const StoredTensor& tensor : tensors) {
    if (tensor.name.empty() || tensor.name == SafetensorsHeader::metadata_name)
      origin.refuse("a tensor cannot be saved under the name '", tensor.name, "'");
    out += text(",", quoted(origin, tensor.name), ":{\"dtype\":\"", tensor.type,
                "\",\"shape\":", shape_text(tensor.shape), ",\"data_offsets\":[", tensor.begin, ",",
                tensor.end, "]}");
    strings += tensor.name.size();
  }
  if (strings > Limits::strings_bytes)
    origin.refuse("names and values of ", strings, " bytes, at most ", Limits::strings_bytes,
                  " can be saved");
  return out + "}";
}

}  // namespace plumb::detail
