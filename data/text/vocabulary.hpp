// Vocabulary: the characters that a text consists of, numbered.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "../../core/io/state_dict.hpp"
#include "text_file.hpp"

namespace plumb::data {

/// The distinct characters (or bytes) of a text in ascending order, numbered from 0. Made of the
/// part that trains, and saved beside the model, whose embedding has a row for each:
///
///     const data::TextParts parts = data::split_text(data::load_text(path));
///     data::Vocabulary vocabulary(parts.train);
///     const Tensor ids = vocabulary.encode(parts.train);
///     checkpoint.add("vocabulary", vocabulary);
class Vocabulary {
 public:
  /// Without characters: what load_state_dict fills.
  Vocabulary() = default;
  /// Throws "[Vocabulary] byte 20 (line 3) is no UTF-8: 0xc3".
  explicit Vocabulary(std::string_view text, TextUnit unit = TextUnit::character);

  std::int64_t size() const { return static_cast<std::int64_t>(values_.size()); }
  TextUnit unit() const { return unit_; }

  /// The numbers of the text's characters, int64 [n]. Throws for invalid UTF-8 and for a character
  /// that is not in the vocabulary, with the place of the first.
  Tensor encode(std::string_view text) const;
  /// The text of ids, int64 of any shape, in row-major order. Throws for one out of range.
  std::string decode(const Tensor& ids) const;
  /// The character of one id, as UTF-8 or as the byte that it is.
  std::string token(std::int64_t id) const;

  /// The unit, and the characters' numbers in Unicode, int64 [size()].
  StateDict state_dict() const;
  /// Becomes the vocabulary that was saved. Throws, changing nothing, where entries are missing or
  /// make no vocabulary; and where this one has characters and the saved one has others, which would
  /// give ids that are in use another meaning. An empty state empties any.
  void load_state_dict(const StateDict& state);

  bool operator==(const Vocabulary& other) const {
    return unit_ == other.unit_ && values_ == other.values_;
  }
  bool operator!=(const Vocabulary& other) const { return !(*this == other); }

 private:
  Vocabulary(std::vector<std::int64_t> values, TextUnit unit);

  TextUnit unit_ = TextUnit::character;
  std::vector<std::int64_t> values_;  // code points or bytes, ascending
  std::vector<std::int32_t> ids_;     // of each value up to the largest; -1: none
};

}  // namespace plumb::data
