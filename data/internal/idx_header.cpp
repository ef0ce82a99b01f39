#include "idx_header.hpp"

#include <array>
#include <cstring>

#include "../../core/runtime/internal/fail.hpp"

namespace plumb::data::detail {
namespace {

constexpr std::array<IdxType, 6> element_types = {{{0x08, 1, DType::uint8},
                                                   {0x09, 1, DType::int64},
                                                   {0x0B, 2, DType::int64},
                                                   {0x0C, 4, DType::int64},
                                                   {0x0D, 4, DType::float32},
                                                   {0x0E, 8, DType::float64}}};

std::string hexadecimal(const std::uint8_t* bytes, int count) {
  constexpr const char* digits = "0123456789abcdef";
  std::string out = "0x";
  for (int i = 0; i < count; ++i) {
    out += digits[bytes[i] >> 4];
    out += digits[bytes[i] & 15];
  }
  return out;
}

const IdxType& find_type(const std::uint8_t* code, const std::string& operation,
                         const std::string& path) {
  for (const IdxType& type : element_types)
    if (type.code == *code) return type;
  fail(operation, path, ": element type ", hexadecimal(code, 1),
       " is none of 0x08, 0x09, 0x0b, 0x0c, 0x0d, 0x0e");
}

std::int64_t count_bytes(const Shape& shape, int element, const std::string& operation,
                         const std::string& path) {
  std::int64_t bytes = element;
  bool empty = false;
  for (const std::int64_t size : shape) {
    empty = empty || size == 0;
    if (size != 0 && __builtin_mul_overflow(bytes, size, &bytes))
      fail(operation, path, ": header declares ", shape, " elements, more than 2^63 - 1 bytes");
  }
  return empty ? 0 : bytes;
}

// A big-endian number of sizeof(T) bytes.
template <class T, class Bits>
T from_big_endian(const std::uint8_t* bytes) {
  Bits bits = 0;
  for (std::size_t i = 0; i < sizeof(Bits); ++i)
    bits = static_cast<Bits>(static_cast<std::uint64_t>(bits) << 8 | bytes[i]);
  T value;
  static_assert(sizeof value == sizeof bits);
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

template <class Stored, class Bits, class T>
Tensor convert(const Tensor& data, const Shape& shape) {
  Tensor result = Tensor::empty(shape, dtype_of<T>);
  const std::uint8_t* from = data.data<std::uint8_t>();
  T* to = result.mutable_data<T>();
  for (std::int64_t i = 0; i < result.numel(); ++i)
    // Bytes of type 0x09 are signed. NOLINTNEXTLINE(bugprone-signed-char-misuse)
    to[i] = from_big_endian<Stored, Bits>(from + i * static_cast<std::int64_t>(sizeof(Stored)));
  return result;
}

}  // namespace

std::string describe(const IdxHeader& header) {
  std::string out;
  for (const std::int64_t size : header.shape) out += text(out.empty() ? "" : "x", size);
  if (header.type.bytes > 1) out += text(" of ", header.type.bytes, " bytes");
  return text(out, " = ", header.bytes, " bytes");
}

IdxHeader read_idx_header(ByteSource& source, const std::string& operation,
                          const std::string& path) {
  std::uint8_t magic[4];
  const std::int64_t got = source.read(magic, 4);
  if (got < 4) fail(operation, path, ": expected an IDX header, file holds ", got, " bytes");
  if (magic[0] != 0 || magic[1] != 0)
    fail(operation, path, ": not an IDX file, it begins with ", hexadecimal(magic, 4));
  IdxHeader header{find_type(magic + 2, operation, path), {}, 0};
  const int rank = magic[3];
  if (rank < 1 || rank > Shape::max_rank)
    fail(operation, path, ": expected 1 to ", Shape::max_rank, " axes, header declares ", rank);
  for (int axis = 0; axis < rank; ++axis) {
    std::uint8_t size[4];
    if (source.read(size, 4) < 4)
      fail(operation, path, ": file ends within the header, at axis ", axis, " of ", rank);
    header.shape.push_back(std::int64_t{size[0]} << 24 | size[1] << 16 | size[2] << 8 | size[3]);
  }
  header.bytes = count_bytes(header.shape, header.type.bytes, operation, path);
  return header;
}

void check_idx_size(const ByteSource& source, const IdxHeader& header, const std::string& operation,
                    const std::string& path) {
  const std::int64_t held = source.stored_bytes() - header.length();
  if (held != header.bytes)
    fail(operation, path, ": header declares ", describe(header), ", file holds ", held);
}

Tensor idx_elements(const Tensor& bytes, const IdxType& type, const Shape& shape) {
  switch (type.code) {
    case 0x09:
      return convert<std::int8_t, std::uint8_t, std::int64_t>(bytes, shape);
    case 0x0B:
      return convert<std::int16_t, std::uint16_t, std::int64_t>(bytes, shape);
    case 0x0C:
      return convert<std::int32_t, std::uint32_t, std::int64_t>(bytes, shape);
    case 0x0D:
      return convert<float, std::uint32_t, float>(bytes, shape);
    case 0x0E:
      return convert<double, std::uint64_t, double>(bytes, shape);
    default:
      return bytes.reshape(shape);
  }
}

}  // namespace plumb::data::detail
