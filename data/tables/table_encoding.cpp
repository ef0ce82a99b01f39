#include "table_encoding.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "../../core/runtime/floating_point.hpp"
#include "../../core/runtime/internal/fail.hpp"
#include "../internal/number.hpp"
#include "../internal/strings.hpp"

namespace plumb::data {
namespace {

constexpr const char* operation = "TableEncoding";

std::int64_t column_of(const Csv& table, const std::string& name) {
  const std::int64_t column = table.column(name);
  if (column < 0) {
    std::string names;
    for (const std::string& known : table.names())
      names += (names.empty() ? "'" : ", '") + known + "'";
    fail(operation, "there is no column '", name, "' among ", names);
  }
  return column;
}

void check_rows(const Csv& table, Indices rows) {
  for (const std::int64_t row : rows)
    if (row < 0 || row >= table.rows())
      fail(operation, "row ", row, " is out of range [0, ", table.rows(), ")");
}

}  // namespace

bool TableEncoding::Column::operator==(const Column& other) const {
  return name == other.name && kind == other.kind && mean == other.mean &&
         deviation == other.deviation && levels == other.levels;
}

bool TableEncoding::operator==(const TableEncoding& other) const {
  return features_ == other.features_ && targets_ == other.targets_ && missing_ == other.missing_ &&
         missing_cells_ == other.missing_cells_ && unseen_ == other.unseen_ &&
         target_scale_ == other.target_scale_;
}

TableEncoding::TableEncoding(const Csv& table, const TableOptions& options)
    : TableEncoding(table, all_indices(table.rows()), options) {}

TableEncoding::TableEncoding(const Csv& table, Indices rows, const TableOptions& options)
    : missing_(options.missing),
      missing_cells_(options.missing_cells),
      unseen_(options.unseen),
      target_scale_(options.target_scale) {
  const plumb::detail::FloatingPointMode mode;
  check_rows(table, rows);
  for (const auto& [name, kind] : options.kinds) column_of(table, name);
  const auto is_target = [&](const std::string& name) {
    return std::find(options.targets.begin(), options.targets.end(), name) != options.targets.end();
  };
  for (const std::string& name : table.names())
    if (!is_target(name)) features_.push_back(make_column(table, rows, name, options));
  for (const std::string& name : options.targets) {
    targets_.push_back(make_column(table, rows, name, options));
    if (targets_.back().kind == ColumnKind::ignored)
      fail(operation, "the target '", name, "' is to be ignored");
    if (std::count(options.targets.begin(), options.targets.end(), name) > 1)
      fail(operation, "the target '", name, "' is named twice");
  }
  features_.erase(std::remove_if(features_.begin(), features_.end(),
                                 [](const Column& c) { return c.kind == ColumnKind::ignored; }),
                  features_.end());
  check_targets();
  const std::vector<std::int64_t> trained = kept(table, rows);
  if (trained.empty()) fail(operation, "there are no rows to train on");
  for (std::vector<Column>* columns : {&features_, &targets_})
    for (Column& column : *columns) {
      const std::int64_t place = column_of(table, column.name);
      if (column.kind == ColumnKind::number)
        fit_number(table, trained, place, column);
      else
        fit_category(table, trained, place, column);
    }
}

TableEncoding::Column TableEncoding::make_column(const Csv& table, Indices rows,
                                                 const std::string& name,
                                                 const TableOptions& options) const {
  const std::int64_t column = column_of(table, name);
  const auto given = options.kinds.find(name);
  if (given != options.kinds.end()) return {name, given->second};
  bool numbers = false;
  std::optional<std::int64_t> odd;  // the first row with what resembles a number and is none
  for (const std::int64_t row : rows) {
    const std::string_view cell = table.cell(row, column);
    if (is_missing(cell)) continue;
    if (detail::parse_number(cell))
      numbers = true;
    else if (!detail::resembles_number(cell))
      return {name, ColumnKind::category};
    else if (!odd)
      odd = row;
  }
  if (odd && numbers)
    table.refuse(operation, *odd, column, "'", table.cell(*odd, column),
                 "' among numbers: name it in missing_cells, or the kind of the column in kinds");
  return {name, odd ? ColumnKind::category : ColumnKind::number};
}

void TableEncoding::check_targets() const {
  for (const Column& target : targets_)
    if (target.kind != targets_[0].kind)
      fail(operation, "the targets '", targets_[0].name, "' and '", target.name,
           "' are a number and a category; train on one kind");
}

bool TableEncoding::is_missing(std::string_view cell) const {
  return std::find(missing_cells_.begin(), missing_cells_.end(), cell) != missing_cells_.end();
}

// Two passes: the deviation is that of all rows, as of a population.
void TableEncoding::fit_number(const Csv& table, Indices rows, std::int64_t column,
                               Column& to) const {
  std::vector<double> values;
  for (const std::int64_t row : rows)
    if (!is_missing(table.cell(row, column))) values.push_back(number(table, row, column));
  if (values.empty()) fail(operation, "the column '", to.name, "' has no number to train on");
  const auto count = static_cast<double>(values.size());
  double squares = 0;
  for (const double value : values) to.mean += value / count;
  for (const double value : values) squares += (value - to.mean) * (value - to.mean) / count;
  const bool equal =
      std::all_of(values.begin(), values.end(), [&](double value) { return value == values[0]; });
  if (equal) to.mean = values[0];
  to.deviation = equal ? 1 : std::sqrt(squares);
  if (!(to.deviation > 0) || !std::isfinite(to.deviation))
    fail(operation, "the numbers of the column '", to.name,
         "' have no deviation that a double can hold");
}

void TableEncoding::fit_category(const Csv& table, Indices rows, std::int64_t column,
                                 Column& to) const {
  std::unordered_set<std::string_view> values;
  for (const std::int64_t row : rows) {
    const std::string_view cell = table.cell(row, column);
    if (!is_missing(cell)) values.insert(cell);
  }
  if (values.empty()) fail(operation, "the column '", to.name, "' has no level to train on");
  to.levels = Categories(std::vector<std::string>(values.begin(), values.end()));
}

double TableEncoding::number(const Csv& table, std::int64_t row, std::int64_t column) const {
  const std::string_view cell = table.cell(row, column);
  const std::optional<double> value = detail::parse_number(cell);
  if (!value) table.refuse(operation, row, column, "expected a number, got '", cell, "'");
  return *value;
}

std::int64_t TableEncoding::level(const Csv& table, std::int64_t row, std::int64_t column,
                                  const Column& of, bool target) const {
  const std::string_view cell = table.cell(row, column);
  const std::optional<std::int64_t> found = of.levels.find(cell);
  if (!found && (target || unseen_ == UnseenLevel::refuse))
    table.refuse(operation, row, column, "'", cell, "' is none of the ", of.levels.size(),
                 " levels of the rows that trained");
  return found.value_or(-1);
}

std::vector<std::int64_t> TableEncoding::find(const Csv& table,
                                              const std::vector<Column>& columns) const {
  std::vector<std::int64_t> places;
  for (const Column& column : columns) places.push_back(column_of(table, column.name));
  return places;
}

std::vector<std::int64_t> TableEncoding::kept(const Csv& table, Indices rows) const {
  check_rows(table, rows);
  const std::vector<std::int64_t> features = find(table, features_);
  const std::vector<std::int64_t> targets = find(table, targets_);
  std::vector<std::int64_t> complete;
  for (const std::int64_t row : rows) {
    const auto first_missing = [&](const std::vector<std::int64_t>& columns) {
      const auto found = std::find_if(columns.begin(), columns.end(), [&](std::int64_t column) {
        return is_missing(table.cell(row, column));
      });
      return found == columns.end() ? -1 : *found;
    };
    std::int64_t missing = first_missing(targets);
    if (missing < 0 && missing_ != Missing::fill) missing = first_missing(features);
    if (missing < 0)
      complete.push_back(row);
    else if (missing_ != Missing::drop_row)
      table.refuse(operation, row, missing, "the cell is missing, it reads '",
                   table.cell(row, missing), "'");
  }
  return complete;
}

Tensor TableEncoding::encode_features(const Csv& table, Indices rows) const {
  const std::vector<std::int64_t> places = find(table, features_);
  std::int64_t width = 0;
  for (const Column& column : features_) width += column.width();
  Tensor x = Tensor::zeros({rows.size(), width});
  float* to = x.mutable_data<float>();
  for (const std::int64_t row : rows)
    for (std::size_t i = 0; i < places.size(); to += features_[i++].width()) {
      const Column& column = features_[i];
      if (is_missing(table.cell(row, places[i]))) continue;
      if (column.kind == ColumnKind::number) {
        *to = static_cast<float>((number(table, row, places[i]) - column.mean) / column.deviation);
      } else {
        const std::int64_t one = level(table, row, places[i], column, false);
        if (one >= 0) to[one] = 1;
      }
    }
  return x;
}

Tensor TableEncoding::encode_targets(const Csv& table, Indices rows) const {
  if (targets_.empty()) return {};
  const std::vector<std::int64_t> places = find(table, targets_);
  const auto width = static_cast<std::int64_t>(targets_.size());
  const bool numbers = targets_[0].kind == ColumnKind::number;
  const bool scaled = target_scale_ == TargetScale::standard;
  Tensor y = Tensor::empty({rows.size(), width}, numbers ? DType::float32 : DType::int64);
  float* value = numbers ? y.mutable_data<float>() : nullptr;
  std::int64_t* index = numbers ? nullptr : y.mutable_data<std::int64_t>();
  for (const std::int64_t row : rows)
    for (std::size_t i = 0; i < places.size(); ++i) {
      const Column& column = targets_[i];
      if (numbers) {
        const double raw = number(table, row, places[i]);
        *value++ = static_cast<float>(scaled ? (raw - column.mean) / column.deviation : raw);
      } else {
        *index++ = level(table, row, places[i], column, true);
      }
    }
  return numbers || width > 1 ? y : y.reshape({rows.size()});
}

std::shared_ptr<const TensorDataset> TableEncoding::dataset(const Csv& table, Indices rows) const {
  const plumb::detail::FloatingPointMode mode;
  const std::vector<std::int64_t> complete = kept(table, rows);
  return std::make_shared<TensorDataset>(encode_features(table, complete),
                                         encode_targets(table, complete));
}

std::shared_ptr<const TensorDataset> TableEncoding::dataset(const Csv& table) const {
  return dataset(table, all_indices(table.rows()));
}

std::vector<std::int64_t> TableEncoding::kept_features(const Csv& table, Indices rows) const {
  TableEncoding without_targets = *this;
  without_targets.targets_.clear();
  return without_targets.kept(table, rows);
}

Tensor TableEncoding::features(const Csv& table, Indices rows) const {
  const plumb::detail::FloatingPointMode mode;
  return encode_features(table, kept_features(table, rows));
}

std::vector<std::string> TableEncoding::feature_names() const {
  std::vector<std::string> names;
  for (const Column& column : features_) {
    if (column.kind == ColumnKind::number) names.push_back(column.name);
    for (const std::string& level : column.levels.names())
      names.push_back(column.name + "=" + level);
  }
  return names;
}

const Categories& TableEncoding::classes(std::int64_t target) const& {
  const auto count = static_cast<std::int64_t>(targets_.size());
  if (target < 0 || target >= count)
    fail(operation, "target ", target, " is out of range [0, ", count, ")");
  const Column& column = targets_[static_cast<std::size_t>(target)];
  if (column.kind != ColumnKind::category)
    fail(operation, "the target '", column.name, "' is a number, it has no classes");
  return column.levels;
}

Tensor TableEncoding::unscaled(const Tensor& y) const {
  const auto count = static_cast<std::int64_t>(targets_.size());
  if (count == 0 || targets_[0].kind != ColumnKind::number)
    fail(operation, "there are no targets that are numbers");
  if (y.rank() != 2 || y.dim(1) != count || !is_floating(y.dtype()))
    fail(operation, "expected targets [n, ", count, "] of float32 or float64, got ", y.shape(),
         " of ", y.dtype());
  if (target_scale_ == TargetScale::raw) return y;
  std::vector<double> values = y.to(DType::float64).to_vector<double>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Column& column = targets_[i % targets_.size()];
    values[i] = values[i] * column.deviation + column.mean;
  }
  return Tensor::from(values, y.shape()).to(y.dtype());
}

StateDict TableEncoding::state_dict() const {
  StateDict state;
  std::vector<std::string> names;
  std::vector<std::int64_t> kinds;
  std::vector<double> means, deviations;
  for (const std::vector<Column>* columns : {&features_, &targets_})
    for (const Column& column : *columns) {
      state.insert(text("levels", static_cast<std::int64_t>(names.size())),
                   column.levels.state_dict());
      names.push_back(column.name);
      kinds.push_back(static_cast<std::int64_t>(column.kind));
      means.push_back(column.mean);
      deviations.push_back(column.deviation);
    }
  detail::set_strings(state, "columns", names);
  detail::set_strings(state, "missing_cells", missing_cells_);
  state.set("kinds", Tensor::from(kinds));
  state.set("means", Tensor::from(means));
  state.set("deviations", Tensor::from(deviations));
  state.set("targets", static_cast<std::int64_t>(targets_.size()));
  state.set("missing", static_cast<std::int64_t>(missing_));
  state.set("unseen", static_cast<std::int64_t>(unseen_));
  state.set("target_scale", static_cast<std::int64_t>(target_scale_));
  return state;
}

void TableEncoding::load_state_dict(const StateDict& state) {
  const std::vector<std::string> names = detail::get_strings(operation, state, "columns");
  const auto count = static_cast<std::int64_t>(names.size());
  const auto list = [&](const char* name, DType dtype) -> const Tensor& {
    const Tensor& values = state.tensor(name);
    if (values.shape() != Shape{count} || values.dtype() != dtype)
      fail(operation, "the state's ", name, " must be [", count, "] of ", dtype, ", got ",
           values.shape(), " of ", values.dtype());
    return values;
  };
  const auto choice = [&](const char* name, std::int64_t most) {
    const std::int64_t value = state.scalar<std::int64_t>(name);
    if (value < 0 || value > most)
      fail(operation, "the state's ", name, " must be in [0, ", most, "], got ", value);
    return value;
  };
  const std::int64_t* kind = list("kinds", DType::int64).data<std::int64_t>();
  const double* mean = list("means", DType::float64).data<double>();
  const double* deviation = list("deviations", DType::float64).data<double>();
  TableEncoding loaded;
  loaded.missing_cells_ = detail::get_strings(operation, state, "missing_cells");
  loaded.missing_ = static_cast<Missing>(choice("missing", 2));
  loaded.unseen_ = static_cast<UnseenLevel>(choice("unseen", 1));
  loaded.target_scale_ = static_cast<TargetScale>(choice("target_scale", 1));
  const std::int64_t targets = choice("targets", count);
  for (std::int64_t i = 0; i < count; ++i) {
    const std::string& name = names[static_cast<std::size_t>(i)];
    if (kind[i] < 0 || kind[i] > 1 || !std::isfinite(mean[i]) || !(deviation[i] > 0) ||
        !std::isfinite(deviation[i]))
      fail(operation, "the state's column '", name, "' has kind ", kind[i], ", mean ", mean[i],
           " and deviation ", deviation[i]);
    Column column{name, static_cast<ColumnKind>(kind[i]), mean[i], deviation[i]};
    column.levels.load_state_dict(state.part(text("levels", i)));
    (i < count - targets ? loaded.features_ : loaded.targets_).push_back(std::move(column));
  }
  loaded.check_targets();
  const bool in_use = !features_.empty() || !targets_.empty();
  if (in_use && count > 0 && *this != loaded)
    fail(operation, "the state's ", count, " columns or their statistics are not these ",
         static_cast<std::int64_t>(features_.size() + targets_.size()));
  *this = std::move(loaded);
}

}  // namespace plumb::data
