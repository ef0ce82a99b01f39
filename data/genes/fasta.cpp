#include "fasta.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "../../core/io/internal/origin.hpp"
#include "../../core/runtime/internal/fail.hpp"
#include "../internal/whole_file.hpp"
#include "internal/nucleotides.hpp"

namespace plumb::data {
namespace {

constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }

// Each letter as a capital; 0 for what is none.
constexpr std::array<char, 256> make_capitals() {
  std::array<char, 256> capitals{};
  for (std::size_t c = 0; c < capitals.size(); ++c)
    if (detail::base_sets[c] != 0) capitals[c] = static_cast<char>(c & ~std::size_t{32});
  return capitals;
}
constexpr std::array<char, 256> capitals = make_capitals();

class Reader {
 public:
  explicit Reader(const plumb::detail::Origin& origin) : origin_(origin) {}

  std::vector<FastaRecord> read(std::string_view text) {
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      std::string_view line = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      ++line_;
      if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
      if (!line.empty() && line.front() == '>')
        begin_record(line.substr(1));
      else if (line.find_first_not_of(" \t") != std::string_view::npos)
        add_letters(line);
    }
    end_record();
    if (records_.empty()) origin_.refuse("there is no record, which a line with '>' begins");
    return std::move(records_);
  }

 private:
  void begin_record(std::string_view header) {
    end_record();
    header_line_ = line_;
    const auto skip_blanks = [&] {
      while (!header.empty() && is_blank(header.front())) header.remove_prefix(1);
    };
    skip_blanks();
    const std::size_t end = std::min(header.find_first_of(" \t"), header.size());
    FastaRecord record;
    record.name = header.substr(0, end);
    header.remove_prefix(end);
    skip_blanks();
    record.description = header;
    records_.push_back(std::move(record));
  }

  void end_record() const {
    if (!records_.empty() && records_.back().sequence.empty())
      origin_.refuse("line ", header_line_, ": the record '", records_.back().name,
                     "' has no sequence");
  }

  void add_letters(std::string_view line) {
    if (records_.empty()) origin_.refuse("line ", line_, ": there is data before the first '>'");
    std::string& sequence = records_.back().sequence;
    const std::size_t begin = sequence.size();
    sequence.resize(begin + line.size());
    char* to = sequence.data() + begin;
    bool all = true;
    for (std::size_t i = 0; i < line.size(); ++i) {
      to[i] = capitals[static_cast<unsigned char>(line[i])];
      all = all && to[i] != 0;
    }
    if (!all) remove_blanks(line, begin);
  }

  // Of the line that was added behind `begin`; throws where something else is no letter.
  void remove_blanks(std::string_view line, std::size_t begin) {
    std::string& sequence = records_.back().sequence;
    std::size_t end = begin;
    for (std::size_t i = 0; i < line.size(); ++i) {
      const char letter = capitals[static_cast<unsigned char>(line[i])];
      if (letter != 0)
        sequence[end++] = letter;
      else if (!is_blank(line[i]))
        refuse_letter(line[i], i);
    }
    sequence.resize(end);
  }

  [[noreturn]] void refuse_letter(char letter, std::size_t column) const {
    const auto code = static_cast<unsigned char>(letter);
    const bool visible = code > ' ' && code < 0x7f;
    origin_.refuse("line ", line_, ", column ", static_cast<std::int64_t>(column + 1), ": ",
                   visible ? text("'", std::string_view(&letter, 1), "'")
                           : text("byte ", static_cast<int>(code)),
                   " is no nucleotide");
  }

  const plumb::detail::Origin& origin_;
  std::vector<FastaRecord> records_;
  std::int64_t line_ = 0, header_line_ = 0;
};

}  // namespace

std::vector<FastaRecord> load_fasta(const std::string& path) {
  const plumb::detail::Origin origin{"load_fasta", path};
  return origin.named([&] {
    const std::string text = detail::read_whole(origin.operation, path);
    return Reader(origin).read(text);
  });
}

std::optional<std::string> header_value(const FastaRecord& record, std::string_view key) {
  std::string_view rest = record.description;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find_first_of(" \t"), rest.size());
    const std::string_view word = rest.substr(0, end);
    if (word.size() > key.size() && word[key.size()] == '=' && word.substr(0, key.size()) == key)
      return std::string(word.substr(key.size() + 1));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return std::nullopt;
}

std::vector<std::string> header_values(const std::vector<FastaRecord>& records,
                                       std::string_view key) {
  std::vector<std::string> values;
  for (const FastaRecord& record : records) {
    std::optional<std::string> value = header_value(record, key);
    if (!value)
      fail("header_values", "record ", static_cast<std::int64_t>(values.size()), ", ", record.name,
           ", has no ", key, "=...");
    values.push_back(std::move(*value));
  }
  return values;
}

}  // namespace plumb::data
