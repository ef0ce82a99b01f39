// Cells of tables that a program wrote earlier, by the names of their columns.
#pragma once

#include <cstdint>
#include <plumb/data/tables/csv.hpp>
#include <string>

/// Throws "[operation] no column 'seed'" where the table has none of that name.
std::string cell_text(const char* operation, const plumb::data::Csv& table, std::int64_t row,
                      const char* column);
/// The same of a number, "nan" and "inf" too. Throws, with line and column, for anything else.
double cell_number(const char* operation, const plumb::data::Csv& table, std::int64_t row,
                   const char* column);
