// parse_csv of any text; what it reads reads the same when it is written anew, and is encoded or
// refused.
#include <plumb/data/tables/table_encoding.hpp>

#include "input.hpp"

using namespace plumb;

namespace {

void append_cell(std::string& out, std::string_view cell, char end) {
  out += '"';
  for (const char c : cell) out += c == '"' ? "\"\"" : std::string(1, c);
  out += '"';
  out += end;
}

std::string written(const data::Csv& table) {
  std::string out;
  const std::int64_t columns = table.columns();
  const auto end = [&](std::int64_t column) { return column + 1 < columns ? ',' : '\n'; };
  for (std::int64_t column = 0; column < columns; ++column)
    append_cell(out, table.names()[static_cast<std::size_t>(column)], end(column));
  for (std::int64_t row = 0; row < table.rows(); ++row)
    for (std::int64_t column = 0; column < columns; ++column)
      append_cell(out, table.cell(row, column), end(column));
  return out;
}

void encode(const data::Csv& table) {
  data::TableOptions options;
  options.targets = {table.names().back()};
  options.missing = data::Missing::fill;
  fuzz::refuse_or_load("TableEncoding", [&] {
    const data::TableEncoding encoding(table, options);
    const auto set = encoding.dataset(table);
    fuzz::require(set->size() == table.rows());
    fuzz::require(set->x().dim(1) == static_cast<std::int64_t>(encoding.feature_names().size()));
    data::TableEncoding again;
    again.load_state_dict(encoding.state_dict());
    fuzz::require(again == encoding);
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t count) {
  const std::string text(reinterpret_cast<const char*>(input), count);
  fuzz::refuse_or_load("parse_csv", [&] {
    const data::Csv table = data::parse_csv(text);
    const data::Csv again = data::parse_csv(written(table));
    fuzz::require(written(again) == written(table));
    fuzz::require(again.rows() == table.rows());
    if (table.columns() * table.rows() * table.rows() < 1000000) encode(table);
  });
  return 0;
}
