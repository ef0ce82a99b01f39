#include "fields.hpp"

#include "../core/runtime/internal/fail.hpp"

namespace plumb::optim {
namespace {

void append_value(std::string& out, bool value) { out += value ? "true" : "false"; }
template <class Value>
void append_value(std::string& out, const Value& value) {
  append_text(out, value);
}

std::string to_string(const OptionValue& value) {
  std::string out;
  std::visit([&](const auto& held) { append_value(out, held); }, value);
  return out;
}

[[noreturn]] void refuse_kind(std::string_view owner, const Setting& setting,
                              const char* expected) {
  fail(owner, setting.name, " must be ", expected, ", got ", to_string(setting.value));
}

}  // namespace

std::string to_string(const Settings& settings) {
  std::string out;
  for (const Setting& setting : settings) {
    if (!out.empty()) out += ", ";
    out += setting.name + "=" + to_string(setting.value);
  }
  return out;
}

namespace detail {

void read(std::string_view owner, const Setting& setting, bool& to) {
  const bool* value = std::get_if<bool>(&setting.value);
  if (value == nullptr) refuse_kind(owner, setting, "true or false");
  to = *value;
}

void read(std::string_view owner, const Setting& setting, double& to) {
  if (const auto* integer = std::get_if<std::int64_t>(&setting.value)) {
    to = static_cast<double>(*integer);
  } else if (const double* value = std::get_if<double>(&setting.value)) {
    to = *value;
  } else {
    refuse_kind(owner, setting, "a number");
  }
}

void read(std::string_view owner, const Setting& setting, std::int64_t& to) {
  const auto* value = std::get_if<std::int64_t>(&setting.value);
  if (value == nullptr) refuse_kind(owner, setting, "an integer");
  to = *value;
}

void check_range(std::string_view owner, const char* name, double value, const Range& range) {
  if (value >= range.low && (range.closed ? value <= range.high : value < range.high)) return;
  fail(owner, name, " must be in [", range.low, ", ", range.high, range.closed ? "]" : ")",
       ", got ", value);
}

void refuse_name(std::string_view owner, const std::string& name, const std::string& known) {
  fail(owner, "no option named '", name, "'; there are ", known);
}

}  // namespace detail
}  // namespace plumb::optim
