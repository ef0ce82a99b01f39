// CSV files: cells of text in rows, under names.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../../core/runtime/error.hpp"

namespace plumb::data {

namespace detail {
class CsvReader;
}

/// What a CSV file looks like.
struct CsvOptions {
  char separator = ',';  ///< Or ';', '\t', ...
  /// Of the columns, where the file has no header. Otherwise its first line names them.
  std::vector<std::string> names = {};
};

/// The cells of a CSV file (RFC 4180), as text. Cells may be quoted: then they may hold separators,
/// line ends and, doubled, quotes. Lines end with LF or CRLF; a byte order mark of UTF-8 in front and
/// blank lines at the end mean nothing, but that of a single column a blank line is an empty cell. Rows
/// and columns count from 0; in messages lines and columns count from 1, and a row's line is the one that
/// it begins on.
class Csv {
 public:
  std::int64_t rows() const { return static_cast<std::int64_t>(lines_.size()); }
  std::int64_t columns() const { return static_cast<std::int64_t>(names_.size()); }
  const std::vector<std::string>& names() const& { return names_; }
  std::vector<std::string> names() && { return std::move(names_); }
  /// The number of the column with this name; -1 where there is none.
  std::int64_t column(std::string_view name) const;

  /// A cell, without its quotes. The row and column must be there. Valid as long as the table.
  std::string_view cell(std::int64_t row, std::int64_t column) const& {
    const auto i = static_cast<std::size_t>(row * columns() + column);
    const std::size_t begin = column == 0 ? 0 : ends_[i - 1];
    return {text_.data() + begins_[static_cast<std::size_t>(row)] + begin, ends_[i] - begin};
  }
  std::string_view cell(std::int64_t row, std::int64_t column) const&& = delete;

  /// Throws "[operation] data.csv: line 12, column 3 ('age'): parts...", of the cell.
  template <class... Parts>
  [[noreturn]] void refuse(const char* operation, std::int64_t row, std::int64_t column,
                           const Parts&... parts) const {
    refuse_cell(operation, row, column, errors::text(parts...));
  }

 private:
  friend class detail::CsvReader;
  Csv() = default;
  [[noreturn]] void refuse_cell(const char* operation, std::int64_t row, std::int64_t column,
                                const std::string& problem) const;

  std::string path_;  // "text" of text
  std::vector<std::string> names_;
  std::string text_;                 // of the cells, one behind the other
  std::vector<std::size_t> begins_;  // of each row in the text
  std::vector<std::uint32_t> ends_;  // of each cell, from where its row begins
  std::vector<std::int64_t> lines_;
};

/// Reads a file or pipe, plain or gzip. Throws "[load_csv] path: ..." with errno's text for what cannot
/// be opened or read, and with line and column for a row that has not as many cells as there are names,
/// a row of more than 4 GiB, a quote that is not closed, that stands in a cell which it does not begin, or is followed by more
/// than a separator, a CR without LF, and a name that is there twice; for UTF-16; and for a separator
/// that is a quote or a line end.
Csv load_csv(const std::string& path, const CsvOptions& options = {});

/// The same of text. Errors begin with "[parse_csv] text: ".
Csv parse_csv(std::string text, const CsvOptions& options = {});

/// The text as a cell to be written: in quotes where it holds a separator, a quote or a line end.
std::string csv_cell(std::string_view text, char separator = ',');

}  // namespace plumb::data
