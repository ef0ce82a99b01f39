#include "sparse.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace plumb::distributed::detail {
namespace {

enum class Form : std::uint64_t { all, bits, indices };

template <class T>
void append(std::vector<std::byte>& to, const T* from, std::size_t n) {
  const auto* bytes = reinterpret_cast<const std::byte*>(from);
  to.insert(to.end(), bytes, bytes + n * sizeof(T));
}

template <class T>
T take(const std::byte*& from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  from += sizeof value;
  return value;
}

// Elements are words of their size, so that those of all bits 0 are 0.
template <class Word>
std::vector<Word> words_of(const Tensor& x, ShardRange range) {
  std::vector<Word> words(static_cast<std::size_t>(range.size()));
  std::memcpy(words.data(), x.raw() + static_cast<std::size_t>(range.begin) * sizeof(Word),
              words.size() * sizeof(Word));
  return words;
}

template <class Word>
void append_words(std::vector<std::byte>& to, const std::vector<Word>& x) {
  const std::size_t set = x.size() - static_cast<std::size_t>(std::count(x.begin(), x.end(), 0));
  const std::size_t bits = (x.size() + 7) / 8, indices = set * sizeof(std::uint32_t);
  Form form = bits <= indices ? Form::bits : Form::indices;
  if (set * sizeof(Word) + std::min(bits, indices) >= x.size() * sizeof(Word)) form = Form::all;
  const std::uint64_t head[] = {static_cast<std::uint64_t>(form), set};
  append(to, head, 2);
  if (form == Form::all) return append(to, x.data(), x.size());
  if (form == Form::bits) {
    std::vector<std::uint8_t> mask(bits);
    for (std::size_t i = 0; i < x.size(); ++i)
      if (x[i] != 0) mask[i / 8] = static_cast<std::uint8_t>(mask[i / 8] | 1U << i % 8);
    append(to, mask.data(), bits);
  } else {
    for (std::uint32_t i = 0; i < x.size(); ++i)
      if (x[i] != 0) append(to, &i, 1);
  }
  for (const Word& word : x)
    if (word != 0) append(to, &word, 1);
}

template <class Word>
std::vector<Word> take_words(const std::byte*& from, std::size_t n) {
  const auto form = static_cast<Form>(take<std::uint64_t>(from));
  const auto set = static_cast<std::size_t>(take<std::uint64_t>(from));
  std::vector<Word> x(n);
  if (form == Form::all) {
    for (Word& word : x) word = take<Word>(from);
    return x;
  }
  const std::byte* places = from;
  from += form == Form::bits ? (n + 7) / 8 : set * sizeof(std::uint32_t);
  if (form == Form::indices) {
    for (std::size_t k = 0; k < set; ++k) {
      const auto i = take<std::uint32_t>(places);
      x[i] = take<Word>(from);
    }
    return x;
  }
  for (std::size_t i = 0; i < n; ++i)
    if ((std::to_integer<unsigned>(places[i / 8]) >> i % 8 & 1U) != 0) x[i] = take<Word>(from);
  return x;
}

template <class Word>
void take_into(Tensor& x, const std::byte*& from) {
  const std::vector<Word> words = take_words<Word>(from, static_cast<std::size_t>(x.numel()));
  std::memcpy(x.mutable_raw(), words.data(), x.bytes());
}

}  // namespace

void append_sparse(std::vector<std::byte>& to, const Tensor& x, ShardRange range) {
  if (size_of(x.dtype()) == 4)
    append_words(to, words_of<std::uint32_t>(x, range));
  else
    append_words(to, words_of<std::uint64_t>(x, range));
}

void take_sparse(const std::byte*& from, Tensor& x) {
  if (size_of(x.dtype()) == 4)
    take_into<std::uint32_t>(x, from);
  else
    take_into<std::uint64_t>(x, from);
}

}  // namespace plumb::distributed::detail
