#include "csv.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "../../core/io/internal/origin.hpp"
#include "../../core/runtime/internal/fail.hpp"
#include "../internal/whole_file.hpp"

namespace plumb::data {
namespace detail {

// Reads the text from front to back, and writes the cells over it: they are never longer.
class CsvReader {
 public:
  CsvReader(const char* operation, const std::string& path, std::string text,
            const CsvOptions& options)
      : operation_(operation), options_(options) {
    csv_.path_ = path;
    csv_.text_ = std::move(text);
    if (options.separator == '"' || options.separator == '\n' || options.separator == '\r')
      fail(operation, "a quote or a line end cannot be the separator");
    ends_cell_[static_cast<unsigned char>(options.separator)] = true;
    for (const char c : {'"', '\n', '\r'}) ends_cell_[static_cast<unsigned char>(c)] = true;
  }

  Csv read() {
    in_ = out_ = begin_ = csv_.text_.data();
    end_ = begin_ + csv_.text_.size();
    skip_mark();
    last_ = end_;
    while (last_ > in_ && (last_[-1] == '\n' || last_[-1] == '\r')) --last_;
    if (options_.names.empty())
      read_names();
    else
      csv_.names_ = options_.names;
    check_names();
    while (in_ < end_ && (in_ < last_ || columns() == 1)) read_row();
    csv_.text_.resize(static_cast<std::size_t>(out_ - begin_));
    csv_.text_.shrink_to_fit();
    return std::move(csv_);
  }

 private:
  std::int64_t columns() const { return csv_.columns(); }

  void skip_mark() {
    const std::string_view text(begin_, csv_.text_.size());
    if (text.substr(0, 3) == "\xef\xbb\xbf") in_ += 3;
    if (text.substr(0, 2) == "\xff\xfe" || text.substr(0, 2) == "\xfe\xff")
      refuse("line 1: the text is UTF-16, expected UTF-8 or another superset of ASCII");
  }

  void read_names() {
    if (in_ == end_) refuse("line 1: there is no header");
    for (column_ = 1;; ++column_) {
      const char* const cell = out_;
      const bool last = read_cell();
      csv_.names_.emplace_back(cell, static_cast<std::size_t>(out_ - cell));
      if (last) break;
    }
    out_ = begin_;
  }

  void check_names() const {
    std::vector<std::string> sorted = csv_.names_;
    std::sort(sorted.begin(), sorted.end());
    const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
    if (twice == sorted.end()) return;
    const auto first = std::find(csv_.names_.begin(), csv_.names_.end(), *twice);
    const auto second = std::find(first + 1, csv_.names_.end(), *twice);
    refuse("line 1, column ", second - csv_.names_.begin() + 1, ": the name '", *twice,
           "' is there twice");
  }

  void read_row() {
    const std::int64_t line = line_;
    const char* const begin = out_;
    bool last = false;
    for (column_ = 1; !last; ++column_) {
      last = read_cell();
      if (out_ - begin > std::numeric_limits<std::uint32_t>::max())
        refuse("line ", line, ": the row has more than 4 GiB");
      csv_.ends_.push_back(static_cast<std::uint32_t>(out_ - begin));
      if (column_ > columns()) {
        while (!last) {
          last = read_cell();
          ++column_;
        }
        refuse_row(line, column_);
      }
    }
    if (column_ - 1 != columns()) refuse_row(line, column_ - 1);
    csv_.begins_.push_back(static_cast<std::size_t>(begin - begin_));
    csv_.lines_.push_back(line);
    if (csv_.rows() == sampled_rows) reserve();
  }

  // Room for as many rows as the first ones let expect: vectors that grow are copied, and touch
  // memory that the system must clear first. At most four times the text, should those mislead.
  void reserve() {
    const std::size_t size = csv_.text_.size(), columns = csv_.names_.size();
    const double share = static_cast<double>(in_ - begin_) / static_cast<double>(size);
    const auto expected = static_cast<std::size_t>(1.02 * sampled_rows / share);
    const std::size_t rows = std::min(expected, size / (4 + columns));
    csv_.begins_.reserve(rows);
    csv_.lines_.reserve(rows);
    csv_.ends_.reserve(rows * columns);
  }

  // Reads a cell and what ends it; returns whether that was the line's or the text's end.
  bool read_cell() {
    if (in_ < end_ && *in_ == '"') {
      read_quoted();
    } else {
      copy_plain();
      if (in_ < end_ && *in_ == '"') refuse_here("a quote in a cell that does not begin with one");
    }
    if (in_ == end_) return true;
    if (*in_ == '\r') {
      if (in_ + 1 == end_ || in_[1] != '\n') refuse_here("a carriage return that ends no line");
      ++in_;
    }
    const bool last = *in_++ == '\n';
    if (last) ++line_;
    return last;
  }

  // Up to what ends a cell. With variables of its own: a letter that is written might be a part of any
  // member.
  void copy_plain() {
    const char* in = in_;
    const char* const end = end_;
    char* out = out_;
    while (in < end && !ends_cell_[static_cast<unsigned char>(*in)]) *out++ = *in++;
    in_ = in;
    out_ = out;
  }

  void read_quoted() {
    const std::int64_t line = line_;
    ++in_;
    for (;;) {
      copy_quoted();
      if (in_ == end_) refuse("line ", line, ", column ", column_, ": the quote is not closed");
      if (++in_ == end_ || *in_ != '"') break;
      *out_++ = *in_++;
    }
    if (in_ < end_ && *in_ != options_.separator && *in_ != '\n' && *in_ != '\r')
      refuse_here("more behind the closing quote");
  }

  // Up to a quote, which may be the first of two.
  void copy_quoted() {
    const char* in = in_;
    const char* const end = end_;
    char* out = out_;
    std::int64_t lines = 0;
    for (; in < end && *in != '"'; *out++ = *in++) lines += *in == '\n' ? 1 : 0;
    in_ = in;
    out_ = out;
    line_ += lines;
  }

  [[noreturn]] void refuse_row(std::int64_t line, std::int64_t cells) const {
    refuse("line ", line, ": expected ", columns(), " cells, one for each name, got ", cells);
  }

  [[noreturn]] void refuse_here(const char* problem) const {
    refuse("line ", line_, ", column ", column_, ": ", problem);
  }

  template <class... Parts>
  [[noreturn]] void refuse(const Parts&... parts) const {
    plumb::detail::Origin{operation_, csv_.path_}.refuse(parts...);
  }

  static constexpr std::int64_t sampled_rows = 1000;

  const char* operation_;
  const CsvOptions& options_;
  Csv csv_;
  std::array<bool, 256> ends_cell_{};
  const char* in_ = nullptr;
  const char* end_ = nullptr;
  const char* last_ = nullptr;  // behind it are line ends alone
  char* begin_ = nullptr;
  char* out_ = nullptr;
  std::int64_t line_ = 1, column_ = 1;
};

}  // namespace detail

std::int64_t Csv::column(std::string_view name) const {
  const auto found = std::find(names_.begin(), names_.end(), name);
  return found == names_.end() ? -1 : found - names_.begin();
}

void Csv::refuse_cell(const char* operation, std::int64_t row, std::int64_t column,
                      const std::string& problem) const {
  const std::string message =
      plumb::text("line ", lines_[static_cast<std::size_t>(row)], ", column ", column + 1, " ('",
                  names_[static_cast<std::size_t>(column)], "'): ", problem);
  plumb::detail::Origin{operation, path_}.refuse(message);
}

Csv load_csv(const std::string& path, const CsvOptions& options) {
  constexpr const char* operation = "load_csv";
  return plumb::detail::Origin{operation, path}.named([&] {
    return detail::CsvReader(operation, path, detail::read_whole(operation, path), options).read();
  });
}

Csv parse_csv(std::string text, const CsvOptions& options) {
  return detail::CsvReader("parse_csv", "text", std::move(text), options).read();
}

std::string csv_cell(std::string_view text, char separator) {
  if (text.find_first_of(std::string{separator, '"', '\n', '\r'}) == std::string_view::npos)
    return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace plumb::data
