#include "drawn_table.hpp"

#include <cmath>

#include "../../core/runtime/floating_point.hpp"
#include "../../core/runtime/internal/fail.hpp"
#include "../../core/runtime/random.hpp"

namespace plumb::data {
namespace {

constexpr int blocks = 8;  // of random numbers, in which a row finds room
constexpr std::int64_t most = std::int64_t{1} << 47;

enum class Kind : std::uint8_t { red, green, blue };

// What the numbers, in thousandths, say without noise. In whole numbers: what is printed decides.
bool is_yes(Kind kind, std::int64_t x1, std::int64_t x2) {
  constexpr std::int64_t two_log_two = 1386294;  // in thousandths of thousandths
  switch (kind) {
    case Kind::red:
      return x1 + x2 > 0;
    case Kind::green:
      return x1 * x2 > 0;
    default:
      return x1 * x1 + x2 * x2 > two_log_two;
  }
}

void append_thousandths(std::string& out, std::int64_t value) {
  if (value < 0) out += '-';
  value = value < 0 ? -value : value;
  const std::string decimals = std::to_string(1000 + value % 1000);
  out += std::to_string(value / 1000) + "." + decimals.substr(1) + ",";
}

void append_row(std::string& out, std::int64_t index, const DrawnTableOptions& options) {
  Generator random(options.seed, Stream::data);
  random.set_position(static_cast<std::uint64_t>(index) * blocks);
  std::int64_t x[3];
  for (std::int64_t& value : x) {
    value = std::llround(1000 * random.normal());
    append_thousandths(out, value);
  }
  const Kind kind = static_cast<Kind>(random.below(3));
  const bool opposite = random.uniform() < options.noise;
  out += kind == Kind::red ? "red," : kind == Kind::green ? "green," : "blue,";
  out += is_yes(kind, x[0], x[1]) != opposite ? "yes\n" : "no\n";
}

}  // namespace

std::string draw_table(std::int64_t count, const DrawnTableOptions& options) {
  constexpr const char* operation = "draw_table";
  const plumb::detail::FloatingPointMode mode;
  if (count < 0) fail(operation, "count must not be negative, got ", count);
  if (!(options.noise >= 0 && options.noise <= 0.5))
    fail(operation, "noise must be in [0, 0.5], got ", options.noise);
  if (options.first_index < 0)
    fail(operation, "first_index must not be negative, got ", options.first_index);
  if (options.first_index > most || count > most - options.first_index)
    fail(operation, "indices must stay below 2^47, got ", count, " from ", options.first_index);
  std::string table = "x1,x2,x3,kind,label\n";
  for (std::int64_t i = 0; i < count; ++i) append_row(table, options.first_index + i, options);
  return table;
}

}  // namespace plumb::data
