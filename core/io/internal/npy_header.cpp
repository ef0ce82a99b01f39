#include "npy_header.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "../../kernels/layout.hpp"
#include "../../runtime/internal/fail.hpp"

namespace plumb::detail {
namespace {

constexpr std::string_view magic = "\x93NUMPY";
constexpr std::size_t alignment = 64;
constexpr std::uint64_t longest_header = 1 << 16;  // NumPy itself refuses beyond 10,000

// Goes through a Python dict of strings, True and False, and tuples of numbers.
class DictReader {
 public:
  DictReader(const Origin& origin, std::string_view text) : origin_(origin), text_(text) {}

  bool take(char c) {
    skip_spaces();
    if (text_.empty() || text_[0] != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!take(c)) refuse(std::string("'") + c + "'");
  }

  std::string string() {
    skip_spaces();
    const char quote = text_.empty() ? '\0' : text_[0];
    const std::size_t end = text_.size() < 2 ? std::string_view::npos : text_.find(quote, 1);
    if ((quote != '\'' && quote != '"') || end == std::string_view::npos) refuse("a string");
    const std::string value(text_.substr(1, end - 1));
    text_.remove_prefix(end + 1);
    return value;
  }

  bool boolean() {
    for (const bool value : {false, true}) {
      const std::string_view word = value ? "True" : "False";
      skip_spaces();
      if (text_.substr(0, word.size()) != word) continue;
      text_.remove_prefix(word.size());
      return value;
    }
    refuse("True or False");
  }

  Shape shape() {
    Shape sizes;
    expect('(');
    while (!take(')')) {
      if (sizes.rank() == Shape::max_rank)
        origin_.refuse("the header has more than ", Shape::max_rank, " axes");
      sizes.push_back(size());
      if (take(',')) continue;
      expect(')');
      break;
    }
    return sizes;
  }

  void end() {
    skip_spaces();
    if (!text_.empty()) refuse("nothing more");
  }

  [[noreturn]] void refuse(const std::string& expected) const {
    origin_.refuse("the header is none of an array: expected ", expected, " at '",
                   std::string(text_.substr(0, 20)), "'");
  }

 private:
  void skip_spaces() {
    text_.remove_prefix(std::min(text_.find_first_not_of(" \n"), text_.size()));
  }
  std::int64_t size() {
    skip_spaces();
    std::int64_t value = 0;
    std::size_t digits = 0;
    for (; digits < text_.size() && text_[digits] >= '0' && text_[digits] <= '9'; ++digits)
      if (__builtin_mul_overflow(value, std::int64_t{10}, &value) ||
          __builtin_add_overflow(value, std::int64_t{text_[digits] - '0'}, &value))
        origin_.refuse("the header has a size beyond 2^63 - 1");
    if (digits == 0) refuse("a size");
    text_.remove_prefix(digits);
    return value;
  }

  const Origin& origin_;
  std::string_view text_;
};

NpyType type_of(const Origin& origin, const std::string& descr) {
  if (const std::optional<NpyType> type = npy_type(descr)) return *type;
  try {
    origin.refuse("the array is of type '", descr,
                  "', expected float16 to float64, int8 to int64, uint8 to uint32 or bool (astype "
                  "converts in NumPy)");
  } catch (const Error& error) {
    throw UnknownNpyType(error.what());
  }
}

const char* descr_of(DType dtype) {
  switch (dtype) {
    case DType::float32:
      return "<f4";
    case DType::float64:
      return "<f8";
    case DType::int64:
      return "<i8";
    default:
      return "|u1";
  }
}

// As stored. Neither that nor what is loaded may overflow; sizes of 0 hide nothing.
std::uint64_t count_bytes(const Origin& origin, const Shape& shape, const NpyType& type) {
  std::int64_t most = std::max(type.size, static_cast<std::int64_t>(size_of(type.dtype)));
  for (const std::int64_t size : shape)
    if (size != 0 && __builtin_mul_overflow(most, size, &most))
      origin.refuse("the header declares ", shape, " of ", type.name, ", more than 2^63 - 1 bytes");
  return static_cast<std::uint64_t>(type.size * shape.numel());
}

// The dict's text; takes what stands in front of it from `size`.
std::string read_header(const Origin& origin, std::uint64_t& size,
                        const std::function<void(void*, std::uint64_t)>& read) {
  const auto take = [&](void* to, std::uint64_t count) {
    if (count > size) origin.refuse("the file ends within the header");
    read(to, count);
    size -= count;
  };
  char begin[8];
  take(begin, sizeof begin);
  if (std::string_view(begin, magic.size()) != magic)
    origin.refuse("is no array of NumPy: it does not begin with \\x93NUMPY");
  const int version = static_cast<unsigned char>(begin[6]);
  const int minor = static_cast<unsigned char>(begin[7]);
  if (version < 1 || version > 3 || minor != 0)
    origin.refuse("is of version ", version, ".", minor, ", expected 1.0, 2.0 or 3.0");
  std::uint32_t length = 0;
  take(&length, version == 1 ? 2 : 4);
  if (length > longest_header)
    origin.refuse("the header declares ", length, " bytes, expected at most ", longest_header);
  std::string text(length, '\0');
  take(text.data(), length);
  return text;
}

// Elements whose first axis ran fastest, as a tensor whose last does.
Tensor from_fortran(const Tensor& reversed) {
  Axes order;
  for (int axis = reversed.rank() - 1; axis >= 0; --axis) order.push_back(axis);
  return kernel::permuted(reversed, order);
}

Shape reversed(const Shape& shape) {
  Shape out = shape;
  std::reverse_copy(shape.begin(), shape.end(), &out[0]);
  return out;
}

}  // namespace

NpyHeader parse_npy_header(const Origin& origin, std::string_view text) {
  NpyHeader header;
  bool descr = false, order = false, shape = false;
  DictReader dict(origin, text);
  dict.expect('{');
  while (!dict.take('}')) {
    const std::string key = dict.string();
    dict.expect(':');
    if (key == "descr" && !std::exchange(descr, true))
      header.descr = dict.string();
    else if (key == "fortran_order" && !std::exchange(order, true))
      header.fortran_order = dict.boolean();
    else if (key == "shape" && !std::exchange(shape, true))
      header.shape = dict.shape();
    else
      origin.refuse("the header has a key '", key, "' too many");
    if (dict.take(',')) continue;
    dict.expect('}');
    break;
  }
  dict.end();
  if (!descr || !order || !shape)
    origin.refuse("the header lacks one of descr, fortran_order, shape");
  return header;
}

std::string npy_prefix(const Tensor& x) {
  std::string shape;
  for (const std::int64_t size : x.shape()) shape += text(shape.empty() ? "" : " ", size, ",");
  if (x.rank() > 1) shape.pop_back();  // only a tuple of one has a comma at its end
  std::string dict = text("{'descr': '", descr_of(x.dtype()),
                          "', 'fortran_order': False, 'shape': (", shape, "), }");
  const std::size_t front = magic.size() + 4, used = (front + dict.size() + 1) % alignment;
  dict.append(used == 0 ? 0 : alignment - used, ' ');
  dict += '\n';
  const std::uint16_t length = static_cast<std::uint16_t>(dict.size());
  std::string prefix(magic);
  prefix += {'\1', '\0', static_cast<char>(length & 255), static_cast<char>(length >> 8)};
  return prefix + dict;
}

NpyArray read_npy_array(const Origin& origin, std::uint64_t size,
                        const std::function<void(void*, std::uint64_t)>& read) {
  const NpyHeader header = parse_npy_header(origin, read_header(origin, size, read));
  const NpyType type = type_of(origin, header.descr);
  const std::uint64_t bytes = count_bytes(origin, header.shape, type);
  if (bytes != size)
    origin.refuse("the header declares ", header.shape, " of ", type.name, " = ", bytes,
                  " bytes, the file holds ", size);
  return {header, type, bytes};
}

void check_npy_booleans(const Origin& origin, const Tensor& values) {
  const std::uint8_t* value = values.data<std::uint8_t>();
  for (std::int64_t i = 0; i < values.numel(); ++i)
    if (value[i] > 1) origin.refuse("the array is of booleans and holds ", int{value[i]});
}

Tensor read_npy(const Origin& origin, std::uint64_t size,
                const std::function<void(void*, std::uint64_t)>& read) {
  const auto [header, type, bytes] = read_npy_array(origin, size, read);
  const bool turned = header.fortran_order && header.shape.rank() > 1;
  const Shape shape = turned ? reversed(header.shape) : header.shape;
  Tensor result = type.convert == nullptr
                      ? Tensor::empty(shape, type.dtype)
                      : Tensor::empty({static_cast<std::int64_t>(bytes)}, DType::uint8);
  if (bytes > 0) read(result.mutable_raw(), bytes);
  if (type.is_bool) check_npy_booleans(origin, result);
  if (type.convert != nullptr) result = type.convert(result, shape);
  return turned ? from_fortran(result) : result;
}

}  // namespace plumb::detail
