#include <doctest/doctest.h>

#include <plumb/data.hpp>

#include "../support.hpp"

using namespace plumb;
using plumb::test::contains;
using plumb::test::error_of;
using plumb::test::TemporaryFolder;

namespace {

using Row = std::vector<std::string>;
using Rows = std::vector<Row>;

// The names, then the rows.
Rows cells(const data::Csv& table) {
  Rows rows = {table.names()};
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    rows.emplace_back();
    for (std::int64_t column = 0; column < table.columns(); ++column)
      rows.back().emplace_back(table.cell(row, column));
  }
  return rows;
}

Rows parse(const std::string& text, const data::CsvOptions& options = {}) {
  return cells(data::parse_csv(text, options));
}

std::string refusal(const std::string& text, const data::CsvOptions& options = {}) {
  const std::string error = error_of([&] { data::parse_csv(text, options); });
  const std::string start = "[parse_csv] text: ";
  REQUIRE(error.substr(0, start.size()) == start);
  return error.substr(start.size());
}

// A second reader, a character at a time: what RFC 4180 says.
Rows by_the_book(const std::string& text) {
  Rows rows(1, Row(1));
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    std::string& cell = rows.back().back();
    if (quoted && c == '"' && i + 1 < text.size() && text[i + 1] == '"') {
      cell += '"';
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (quoted) {
      cell += c;
    } else if (c == ',') {
      rows.back().emplace_back();
    } else if (c == '\n') {
      rows.emplace_back(1);
    } else if (c != '\r') {
      cell += c;
    }
  }
  if (rows.back() == Row{""}) rows.pop_back();
  return rows;
}

// The cells as CSV, quoted where they must be and sometimes where they need not be.
std::string write(const Rows& rows, Generator& random) {
  std::string text;
  const char* line_end = random.below(2) == 0 ? "\n" : "\r\n";
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0) text += ',';
      const bool quote =
          row[i].find_first_of(",\"\r\n") != std::string::npos || random.below(4) == 0;
      if (!quote) {
        text += row[i];
        continue;
      }
      text += '"';
      for (const char c : row[i]) text += c == '"' ? "\"\"" : std::string(1, c);
      text += '"';
    }
    if (&row != &rows.back() || random.below(2) == 0) text += line_end;
  }
  return text;
}

}  // namespace

TEST_CASE("parse_csv: names and cells, LF and CRLF, with and without a last line end") {
  const Rows expected = {{"a", "b", "c"}, {"1", "", "x y"}, {"", "", ""}};
  for (const char* text :
       {"a,b,c\n1,,x y\n,,\n", "a,b,c\r\n1,,x y\r\n,,", "a,b,c\n1,,x y\r\n,,\n\n\r\n",
        "\xef\xbb\xbf"
        "a,b,c\n1,,x y\n,,"})
    CHECK(parse(text) == expected);
  CHECK(parse("a,b\n") == Rows{{"a", "b"}});
  CHECK(parse("a") == Rows{{"a"}});
  CHECK(parse("a\n\n1\n") == Rows{{"a"}, {""}, {"1"}});
  CHECK(parse("a,\n1,2") == Rows{{"a", ""}, {"1", "2"}});
}

TEST_CASE("parse_csv: quotes, and what they may hold") {
  CHECK(parse("a,\"b,\"\"c\"\"\"\n\"1\n2\",\"\"\n\"\"\"\",\"x\r\ny\"") ==
        Rows{{"a", "b,\"c\""}, {"1\n2", ""}, {"\"", "x\r\ny"}});
  CHECK(parse("\xef\xbb\xbf\"a\"\n1") == Rows{{"a"}, {"1"}});
  CHECK(parse(std::string("a\nx\0y\0", 6)) == Rows{{"a"}, {std::string("x\0y\0", 4)}});
  CHECK(parse(std::string("a\n\"x\0y\"", 7)) == Rows{{"a"}, {std::string("x\0y", 3)}});
}

TEST_CASE("parse_csv: another separator, names of one's own") {
  data::CsvOptions options;
  options.separator = ';';
  CHECK(parse("a;b\n1,5;\"2;3\"", options) == Rows{{"a", "b"}, {"1,5", "2;3"}});
  options.separator = '\t';
  CHECK(parse("a\tb\n1\t", options) == Rows{{"a", "b"}, {"1", ""}});
  data::CsvOptions named;
  named.names = {"x", "y"};
  CHECK(parse("1,2\n3,4\n", named) == Rows{{"x", "y"}, {"1", "2"}, {"3", "4"}});
  CHECK(parse("", named) == Rows{{"x", "y"}});
  CHECK(refusal("1,2,3", named) == "line 1: expected 2 cells, one for each name, got 3");
  options.separator = '"';
  CHECK(contains(error_of([&] { data::parse_csv("a", options); }), "cannot be the separator"));
}

TEST_CASE("parse_csv: what is no table is refused with line and column") {
  CHECK(refusal("a,b\n1,2\n3\n") == "line 3: expected 2 cells, one for each name, got 1");
  CHECK(refusal("a,b\n1,2,3,4\n") == "line 2: expected 2 cells, one for each name, got 4");
  CHECK(refusal("a,b\n\n1,2") == "line 2: expected 2 cells, one for each name, got 1");
  CHECK(refusal("a,b\n\"x\ny\",2\n3") == "line 4: expected 2 cells, one for each name, got 1");
  CHECK(refusal("a,b\n1,\"2\n3,4\n5") == "line 2, column 2: the quote is not closed");
  CHECK(refusal("a,b\n1,\"") == "line 2, column 2: the quote is not closed");
  CHECK(refusal("a,b\n1,2\"\n") ==
        "line 2, column 2: a quote in a cell that does not begin with one");
  CHECK(refusal("a,b\n\"1\n\"x,2\n") == "line 3, column 1: more behind the closing quote");
  CHECK(refusal("a,b\r1,2") == "line 1, column 2: a carriage return that ends no line");
  CHECK(refusal("a,b\n1,2\r") == "line 2, column 2: a carriage return that ends no line");
  CHECK(refusal("a,b,a\n") == "line 1, column 3: the name 'a' is there twice");
  CHECK(refusal("") == "line 1: there is no header");
  CHECK(refusal("\xef\xbb\xbf") == "line 1: there is no header");
  CHECK(contains(refusal(std::string("\xff\xfe"
                                     "a\0",
                                     4)),
                 "UTF-16"));
}

TEST_CASE("load_csv: plain and gzip; missing, a directory, control characters") {
  const TemporaryFolder folder;
  const std::string content = "a,b\n1,2\n";
  CHECK(cells(data::load_csv(folder.write("a", content))) == Rows{{"a", "b"}, {"1", "2"}});
  CHECK(cells(data::load_csv(folder.write("a", test::gzip(content)))) ==
        Rows{{"a", "b"}, {"1", "2"}});
  CHECK(error_of([&] { data::load_csv(folder.path()); }) ==
        "[load_csv] " + folder.path() + ": Is a directory");
  CHECK(contains(error_of([] { data::load_csv("/none/such"); }), "No such file"));
  const std::string path = folder.write("a", "\x1b[2J,\x1b[2J\n");
  CHECK(error_of([&] { data::load_csv(path); }) ==
        "[load_csv] " + path + ": line 1, column 2: the name '?[2J' is there twice");
}

TEST_CASE("parse_csv: many rows, of other lengths than the first ones") {
  std::string text = "a,b\n";
  for (int row = 0; row < 3000; ++row)
    text +=
        std::string(static_cast<std::size_t>(row / 100), 'x') + "," + std::to_string(row) + "\n";
  for (int row = 3000; row < 9000; ++row) text += "," + std::to_string(row % 10) + "\n";
  const data::Csv table = data::parse_csv(text);
  REQUIRE(table.rows() == 9000);
  for (std::int64_t row = 0; row < 9000; ++row) {
    CHECK(table.cell(row, 0).size() == static_cast<std::size_t>(row < 3000 ? row / 100 : 0));
    CHECK(table.cell(row, 1) == std::to_string(row < 3000 ? row : row % 10));
  }
}

TEST_CASE("Csv: columns by name, cells refused with their place") {
  const data::Csv table = data::parse_csv("id,\"the age\"\n1,\"x\ny\"\n2,old\n");
  CHECK(table.column("the age") == 1);
  CHECK(table.column("age") == -1);
  CHECK(table.rows() == 2);
  CHECK(error_of([&] { table.refuse("read", 1, 1, "got '", table.cell(1, 1), "'"); }) ==
        "[read] text: line 4, column 2 ('the age'): got 'old'");
}

TEST_CASE("parse_csv: reads what was written, as a second reader does") {
  Generator random(5, Stream::data);
  const std::string letters = "ab,\"\n\r 1.\xc3\xa9";
  for (int round = 0; round < 300; ++round) {
    const std::int64_t columns = 1 + random.below(4), count = random.below(5);
    Rows rows = {{}};
    for (std::int64_t i = 0; i < columns; ++i) rows[0].push_back("name" + std::to_string(i));
    for (std::int64_t row = 0; row < count; ++row) {
      rows.emplace_back();
      for (std::int64_t i = 0; i < columns; ++i) {
        std::string cell;
        for (std::int64_t k = random.below(6); k > 0; --k)
          cell += letters[static_cast<std::size_t>(
              random.below(static_cast<std::int64_t>(letters.size())))];
        rows.back().push_back(cell);
      }
      // A last row of one empty cell would be no row.
      if (columns == 1 && rows.back()[0].empty()) rows.back()[0] = "x";
    }
    const std::string text = write(rows, random);
    CAPTURE(text);
    CHECK(parse(text) == rows);
    CHECK(parse(text) == by_the_book(text));
  }
}
