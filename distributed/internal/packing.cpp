#include "packing.hpp"

#include <cstdint>
#include <cstring>
#include <string>
#include <variant>

#include "../../core/runtime/internal/fail.hpp"

namespace plumb::distributed::detail {
namespace {

class Writer {
 public:
  void bytes(const void* from, std::size_t size) {
    const auto* begin = static_cast<const std::byte*>(from);
    out_.insert(out_.end(), begin, begin + size);
  }
  template <class T>
  void number(T value) {
    bytes(&value, sizeof value);
  }
  void string(const std::string& words) {
    number(static_cast<std::uint64_t>(words.size()));
    bytes(words.data(), words.size());
  }
  std::vector<std::byte> take() { return std::move(out_); }

 private:
  std::vector<std::byte> out_;
};

class Reader {
 public:
  explicit Reader(const std::vector<std::byte>& bytes) : bytes_(bytes) {}

  void bytes(void* to, std::size_t size) {
    if (size > bytes_.size() - at_) fail("unpack", "bytes are missing");
    std::memcpy(to, bytes_.data() + at_, size);
    at_ += size;
  }
  template <class T>
  T number() {
    T value;
    bytes(&value, sizeof value);
    return value;
  }
  std::string string() {
    const auto size = static_cast<std::size_t>(number<std::uint64_t>());
    if (size > bytes_.size() - at_) fail("unpack", "bytes are missing");
    std::string words(size, '\0');
    bytes(words.data(), size);
    return words;
  }
  void end() const {
    if (at_ != bytes_.size()) fail("unpack", "bytes are left over");
  }

 private:
  const std::vector<std::byte>& bytes_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<std::byte> pack(const StateDict& state) {
  Writer out;
  out.number(static_cast<std::uint64_t>(state.tensors().size()));
  for (const auto& [name, tensor] : state.tensors()) {
    out.string(name);
    out.number(tensor.dtype());
    out.number(tensor.rank());
    for (const std::int64_t size : tensor.shape()) out.number(size);
    out.bytes(tensor.raw(), tensor.bytes());
  }
  out.number(static_cast<std::uint64_t>(state.scalars().size()));
  for (const auto& [name, scalar] : state.scalars()) {
    out.string(name);
    out.number(static_cast<std::uint8_t>(scalar.index()));
    if (const auto* words = std::get_if<std::string>(&scalar)) out.string(*words);
    if (const auto* value = std::get_if<bool>(&scalar)) out.number(*value);
    if (const auto* value = std::get_if<std::int64_t>(&scalar)) out.number(*value);
    if (const auto* value = std::get_if<double>(&scalar)) out.number(*value);
  }
  return out.take();
}

StateDict unpack(const std::vector<std::byte>& bytes) {
  Reader in(bytes);
  StateDict state;
  for (auto left = in.number<std::uint64_t>(); left > 0; --left) {
    const std::string name = in.string();
    const auto dtype = in.number<DType>();
    std::vector<std::int64_t> sizes;
    for (int rank = in.number<int>(); rank > 0; --rank) sizes.push_back(in.number<std::int64_t>());
    Tensor tensor = Tensor::empty(Shape(sizes), dtype);
    in.bytes(tensor.mutable_raw(), tensor.bytes());
    state.set(name, tensor);
  }
  for (auto left = in.number<std::uint64_t>(); left > 0; --left) {
    const std::string name = in.string();
    switch (in.number<std::uint8_t>()) {
      case 0:
        state.set(name, in.number<bool>());
        break;
      case 1:
        state.set(name, in.number<std::int64_t>());
        break;
      case 2:
        state.set(name, in.number<double>());
        break;
      default:
        state.set(name, in.string());
    }
  }
  in.end();
  return state;
}

}  // namespace plumb::distributed::detail
