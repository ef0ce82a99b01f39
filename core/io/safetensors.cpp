#include "safetensors.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include "internal/atomic_file.hpp"
#include "internal/checksum.hpp"
#include "internal/half.hpp"
#include "internal/input_file.hpp"
#include "internal/safetensors_header.hpp"
#include "internal/scalar_text.hpp"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the files are little-endian");

namespace plumb {
namespace {

using detail::AtomicFile;
using detail::Checksum;
using detail::InputFile;
using detail::Origin;
using detail::SafetensorsHeader;
using detail::SafetensorsLimits;
using detail::StoredTensor;

using Metadata = std::vector<std::pair<std::string, std::string>>;

// Entries of `__metadata__`. Every file of ours has the first two: whichever of them a flipped bit
// changes, the other still says that there must be checksums.
constexpr const char* header_key = "plumb.checksum";  // of the header, this value being zeros
constexpr const char* layout_key = "plumb.layout";    // "1"
constexpr const char* ours = "plumb.";
constexpr const char* layout = "1";
std::string tensor_key(const std::string& name) { return "plumb.xxh3." + name; }
std::string scalar_key(const std::string& name) { return "plumb.scalar." + name; }

// What every header of ours begins with; the checksum's digits follow.
constexpr std::string_view header_begin = "{\"__metadata__\":{\"plumb.checksum\":\"";
constexpr std::string_view no_checksum = "0000000000000000";
constexpr std::size_t checksum_digits = no_checksum.size();

constexpr std::size_t length_bytes = 8;
constexpr std::size_t alignment = 64;  // of the first tensor's first byte

// What is hashed while it is in the cache: half of a small second-level one.
constexpr std::uint64_t chunk = std::uint64_t{256} << 10;

std::string header_checksum(std::string_view header) {
  const std::size_t digits = header_begin.size();
  Checksum sum;
  sum.add(header.data(), digits);
  sum.add(no_checksum.data(), checksum_digits);
  sum.add(header.data() + digits + checksum_digits, header.size() - digits - checksum_digits);
  return sum.hexadecimal();
}

// --- saving -----------------------------------------------------------------------------------

const char* stored_type(DType dtype) {
  switch (dtype) {
    case DType::float32:
      return "F32";
    case DType::float64:
      return "F64";
    case DType::int64:
      return "I64";
    default:
      return "U8";
  }
}

// A tensor on its way into a file.
struct Outgoing {
  StoredTensor place;
  Tensor tensor;
  std::string checksum = std::string(no_checksum);
};

// Large elements first, so that each lies at a multiple of its size.
std::vector<Outgoing> arrange(const Origin& origin, const StateDict& state) {
  std::vector<Outgoing> all;
  for (const auto& [name, tensor] : state.tensors()) {
    if (!tensor.defined()) origin.refuse("tensor '", name, "' is undefined");
    all.push_back({{name, stored_type(tensor.dtype()), tensor.shape(), 0, 0}, tensor});
  }
  std::stable_sort(all.begin(), all.end(), [](const Outgoing& a, const Outgoing& b) {
    return size_of(a.tensor.dtype()) > size_of(b.tensor.dtype());
  });
  std::uint64_t at = 0;
  for (Outgoing& out : all) {
    out.place.begin = at;
    out.place.end = at += out.tensor.bytes();
  }
  return all;
}

// The header, padded with spaces. Its length does not depend on the checksums.
std::string header_of(const Origin& origin, const StateDict& state,
                      const std::vector<Outgoing>& all) {
  // What transformers' loader asks for before it takes a file as PyTorch's.
  Metadata metadata = {
      {header_key, std::string(no_checksum)}, {layout_key, layout}, {"format", "pt"}};
  for (const auto& [name, scalar] : state.scalars())
    metadata.emplace_back(scalar_key(name), detail::scalar_text(scalar));
  std::vector<StoredTensor> places;
  for (const Outgoing& out : all) {
    metadata.emplace_back(tensor_key(out.place.name), out.checksum);
    places.push_back(out.place);
  }
  std::string header = detail::safetensors_header_text(origin, places, metadata);
  const std::size_t used = (length_bytes + header.size()) % alignment;
  if (used != 0) header.append(alignment - used, ' ');
  if (header.size() > SafetensorsLimits::header_bytes)
    origin.refuse("a header of ", std::uint64_t{header.size()}, " bytes, at most ",
                  SafetensorsLimits::header_bytes, " can be saved");
  header.replace(header_begin.size(), checksum_digits, header_checksum(header));
  return header;
}

// Writes the elements and notes their checksum in one pass over them.
void write_elements(AtomicFile& file, Outgoing& out, std::uint64_t data_begin) {
  Checksum sum;
  for (std::uint64_t done = 0; done < out.place.bytes();) {
    const std::size_t count = std::min(chunk, out.place.bytes() - done);
    const std::byte* from = out.tensor.raw() + done;
    sum.add(from, count);
    file.write(from, count, data_begin + out.place.begin + done);
    done += count;
  }
  out.checksum = sum.hexadecimal();
}

// --- loading ----------------------------------------------------------------------------------

bool claims_checksums(const SafetensorsHeader& header) {
  const auto found = header.metadata.lower_bound(ours);
  return found != header.metadata.end() && found->first.rfind(ours, 0) == 0;
}

// Whether the header begins as ours do; throws where its checksum is wrong.
bool check_header(const Origin& origin, const std::string& header) {
  if (header.compare(0, header_begin.size(), header_begin) != 0 ||
      header.size() < header_begin.size() + checksum_digits)
    return false;
  if (header.compare(header_begin.size(), checksum_digits, header_checksum(header)) != 0)
    origin.refuse("the header is damaged: its checksum is wrong");
  return true;
}

void check_elements(const Origin& origin, const SafetensorsHeader& header,
                    const StoredTensor& tensor, const Checksum& sum) {
  const auto stored = header.metadata.find(tensor_key(tensor.name));
  if (stored == header.metadata.end())
    origin.refuse("tensor '", tensor.name, "' has no checksum, the file has others");
  if (stored->second != sum.hexadecimal())
    origin.refuse("tensor '", tensor.name, "' is damaged: its checksum is wrong");
}

void check_booleans(const Origin& origin, const StoredTensor& tensor, const Tensor& values) {
  const std::uint8_t* value = values.data<std::uint8_t>();
  for (std::int64_t i = 0; i < values.numel(); ++i)
    if (value[i] > 1) origin.refuse("tensor '", tensor.name, "' is BOOL and holds ", int{value[i]});
}

// Reads the stored elements as they are.
Tensor read_elements(InputFile& file, const StoredTensor& tensor, Checksum& sum) {
  Tensor result = Tensor::empty(tensor.shape, detail::loaded_dtype(tensor.type));
  std::byte* to = result.mutable_raw();
  for (std::uint64_t left = tensor.bytes(); left > 0;) {
    const std::size_t count = std::min(chunk, left);
    file.read(to, count);
    sum.add(to, count);
    to += count;
    left -= count;
  }
  if (tensor.type == "BOOL") check_booleans(file.origin(), tensor, result);
  return result;
}

// Reads 16-bit elements as float32.
Tensor read_halves(InputFile& file, const StoredTensor& tensor, Checksum& sum) {
  const auto convert = tensor.type == "F16" ? detail::from_float16 : detail::from_bfloat16;
  Tensor result = Tensor::empty(tensor.shape);
  float* to = result.mutable_data<float>();
  std::array<std::uint16_t, 4096> buffer;
  for (std::uint64_t left = tensor.bytes() / 2; left > 0;) {
    const std::size_t count = std::min(std::uint64_t{buffer.size()}, left);
    file.read(buffer.data(), 2 * count);
    sum.add(buffer.data(), 2 * count);
    to = std::transform(buffer.begin(), buffer.begin() + count, to, convert);
    left -= count;
  }
  return result;
}

bool is_half(const StoredTensor& tensor) { return tensor.type == "F16" || tensor.type == "BF16"; }

void check_halves(const Origin& origin, const SafetensorsHeader& header) {
  for (const StoredTensor& tensor : header.tensors)
    if (is_half(tensor))
      origin.refuse("tensor '", tensor.name, "' is of type ", tensor.type,
                    "; HalfTensors::to_float32 would convert it");
}

// Whether the file has checksums; throws where it has only some of what comes with them.
bool check_layout(const Origin& origin, const SafetensorsHeader& header, bool header_verified) {
  if (!header_verified && claims_checksums(header))
    origin.refuse("the header is damaged: it does not begin with its checksum");
  if (!header_verified) return false;
  const auto found = header.metadata.find(layout_key);
  const std::string stored = found == header.metadata.end() ? "none" : found->second;
  if (stored != layout) origin.refuse("the file is of layout ", stored, ", expected ", layout);
  return true;
}

void take_scalars(const Origin& origin, const SafetensorsHeader& header, StateDict& state) {
  const std::string begin = scalar_key("");
  for (auto it = header.metadata.lower_bound(begin); it != header.metadata.end(); ++it) {
    if (it->first.rfind(begin, 0) != 0) break;
    const std::string name = it->first.substr(begin.size());
    std::visit([&](const auto& value) { state.set(name, value); },
               detail::parse_scalar(origin, name, it->second));
  }
}

LoadedState read_state(InputFile& file, HalfTensors half) {
  const Origin& origin = file.origin();
  std::string text = detail::read_safetensors_header(file);
  const bool header_verified = check_header(origin, text);
  const SafetensorsHeader header = detail::parse_safetensors_header(origin, text, file.left());
  std::string().swap(text);
  LoadedState loaded;
  loaded.verified = check_layout(origin, header, header_verified);
  if (half == HalfTensors::refuse) check_halves(origin, header);

  for (const StoredTensor& tensor : header.tensors) {
    Checksum sum;
    loaded.state.set(tensor.name, is_half(tensor) ? read_halves(file, tensor, sum)
                                                  : read_elements(file, tensor, sum));
    if (loaded.verified) check_elements(origin, header, tensor, sum);
  }
  if (loaded.verified) take_scalars(origin, header, loaded.state);
  return loaded;
}

}  // namespace

void save_safetensors(const std::string& path, const StateDict& state) {
  AtomicFile file({"save_safetensors", path});
  std::vector<Outgoing> all = arrange(file.origin(), state);
  const std::uint64_t length = header_of(file.origin(), state, all).size();
  for (Outgoing& out : all) write_elements(file, out, length_bytes + length);
  const std::string header = header_of(file.origin(), state, all);
  file.write(&length, length_bytes, 0);
  file.write(header.data(), header.size(), length_bytes);
  file.commit();
}

LoadedState load_safetensors(const std::string& path, HalfTensors half) {
  InputFile file({"load_safetensors", path});
  return file.origin().named([&] { return read_state(file, half); });
}

}  // namespace plumb
