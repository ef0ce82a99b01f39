#include "vocabulary.hpp"

#include <cstddef>
#include <utility>

#include "../../core/runtime/internal/fail.hpp"
#include "internal/utf8.hpp"

namespace plumb::data {
namespace {

constexpr const char* operation = "Vocabulary";

// Calls f(number of the character or byte, where it begins) for each.
template <class F>
void for_each_value(std::string_view text, TextUnit unit, F&& f) {
  if (unit == TextUnit::character) return detail::for_each_code_point(operation, text, f);
  for (std::size_t at = 0; at < text.size(); ++at)
    f(std::uint32_t{static_cast<unsigned char>(text[at])}, at);
}

// "U+00E9", or "0xe9" of a byte.
std::string number_of(std::int64_t value, TextUnit unit) {
  const bool byte = unit == TextUnit::byte;
  std::string digits;
  for (; value > 0 || digits.size() < (byte ? 2 : 4); value /= 16)
    digits.insert(digits.begin(), (byte ? "0123456789abcdef" : "0123456789ABCDEF")[value % 16]);
  return (byte ? "0x" : "U+") + digits;
}

std::vector<std::int64_t> distinct_values(std::string_view text, TextUnit unit) {
  std::vector<bool> seen(256);
  for_each_value(text, unit, [&](std::uint32_t value, std::size_t) {
    if (value >= seen.size()) seen.resize(value + 1);
    seen[value] = true;
  });
  std::vector<std::int64_t> values;
  for (std::size_t value = 0; value < seen.size(); ++value)
    if (seen[value]) values.push_back(static_cast<std::int64_t>(value));
  return values;
}

}  // namespace

Vocabulary::Vocabulary(std::string_view text, TextUnit unit)
    : Vocabulary(distinct_values(text, unit), unit) {}

Vocabulary::Vocabulary(std::vector<std::int64_t> values, TextUnit unit)
    : unit_(unit), values_(std::move(values)) {
  if (values_.empty()) return;
  ids_.assign(static_cast<std::size_t>(values_.back()) + 1, -1);
  for (std::size_t id = 0; id < values_.size(); ++id)
    ids_[static_cast<std::size_t>(values_[id])] = static_cast<std::int32_t>(id);
}

Tensor Vocabulary::encode(std::string_view text) const {
  std::int64_t count = 0;
  for_each_value(text, unit_, [&](std::uint32_t value, std::size_t at) {
    if (value >= ids_.size() || ids_[value] < 0)
      fail(operation, number_of(value, unit_), " at ", detail::place_of(text, at),
           " is none of the ", size(), unit_ == TextUnit::byte ? " bytes" : " characters",
           " of the vocabulary");
    ++count;
  });
  Tensor ids = Tensor::empty({count}, DType::int64);
  std::int64_t* id = ids.mutable_data<std::int64_t>();
  for_each_value(text, unit_, [&](std::uint32_t value, std::size_t) { *id++ = ids_[value]; });
  return ids;
}

std::string Vocabulary::decode(const Tensor& ids) const {
  std::string text;
  const std::int64_t* id = ids.data<std::int64_t>();
  for (std::int64_t i = 0; i < ids.numel(); ++i) {
    if (id[i] < 0 || id[i] >= size())
      fail(operation, "id ", id[i], " at position ", i, " is out of range [0, ", size(), ")");
    text += token(id[i]);
  }
  return text;
}

std::string Vocabulary::token(std::int64_t id) const {
  if (id < 0 || id >= size()) fail(operation, "id ", id, " is out of range [0, ", size(), ")");
  const std::int64_t value = values_[static_cast<std::size_t>(id)];
  if (unit_ == TextUnit::byte) return std::string(1, static_cast<char>(value));
  std::string character;
  detail::append_utf8(character, static_cast<std::uint32_t>(value));
  return character;
}

StateDict Vocabulary::state_dict() const {
  StateDict state;
  state.set("unit", unit_ == TextUnit::byte ? "byte" : "character");
  state.set("characters", Tensor::from(values_));
  return state;
}

void Vocabulary::load_state_dict(const StateDict& state) {
  const std::string& unit = state.scalar<std::string>("unit");
  if (unit != "byte" && unit != "character")
    fail(operation, "the state's unit must be byte or character, got '", unit, "'");
  const Tensor& values = state.tensor("characters");
  if (values.rank() != 1 || values.dtype() != DType::int64)
    fail(operation, "the state's characters must be int64 [n], got ", values.shape(), " of ",
         values.dtype());
  const TextUnit saved_unit = unit == "byte" ? TextUnit::byte : TextUnit::character;
  std::vector<std::int64_t> saved = values.to_vector<std::int64_t>();
  for (std::size_t i = 0; i < saved.size(); ++i) {
    const bool valid = saved_unit == TextUnit::byte ? saved[i] >= 0 && saved[i] < 256
                                                    : detail::is_code_point(saved[i]);
    if (!valid || (i > 0 && saved[i] <= saved[i - 1]))
      fail(operation, "the state's characters must be ascending ",
           saved_unit == TextUnit::byte ? "bytes" : "numbers of Unicode", ", got ", saved[i],
           " at position ", static_cast<std::int64_t>(i));
  }
  Vocabulary loaded(std::move(saved), saved_unit);
  if (size() > 0 && loaded.size() > 0 && *this != loaded)
    fail(operation, "the ", loaded.size(), " ", unit, "s of the state are not the ", size(), " ",
         unit_ == TextUnit::byte ? "byte" : "character", "s of this vocabulary");
  *this = std::move(loaded);
}

}  // namespace plumb::data
