#include "cells.hpp"

#include <cstdlib>
#include <plumb/core/runtime/error.hpp>

namespace {

std::int64_t column_named(const char* operation, const plumb::data::Csv& table, const char* name) {
  const std::int64_t column = table.column(name);
  if (column < 0) plumb::errors::fail(operation, "no column '", name, "'");
  return column;
}

}  // namespace

std::string cell_text(const char* operation, const plumb::data::Csv& table, std::int64_t row,
                      const char* column) {
  return std::string(table.cell(row, column_named(operation, table, column)));
}

double cell_number(const char* operation, const plumb::data::Csv& table, std::int64_t row,
                   const char* column) {
  const std::string text = cell_text(operation, table, row, column);
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);  // streams read no "nan" and "inf"
  if (text.empty() || *end != '\0')
    table.refuse(operation, row, table.column(column), "expected a number, got '", text, "'");
  return value;
}
