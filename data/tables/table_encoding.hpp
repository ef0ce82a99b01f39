// TableEncoding: the columns of a CSV table as features and targets.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "../../core/io/state_dict.hpp"
#include "../categories.hpp"
#include "../tensor_dataset.hpp"
#include "csv.hpp"

namespace plumb::data {

/// What a column holds.
enum class ColumnKind : std::uint8_t { number, category, ignored };

/// What becomes of a row with a missing cell.
enum class Missing : std::uint8_t {
  refuse,    ///< It is an error, with line and column.
  drop_row,  ///< The row is left out.
  fill,      ///< A number is the mean of its column, a category none of its levels. Not in targets.
};

/// What becomes of a category's level that the training part does not have.
enum class UnseenLevel : std::uint8_t {
  refuse,  ///< It is an error, with line and column.
  none,    ///< It is none of the levels: all zeros. Not in targets.
};

/// How numbers that are targets reach the loss.
enum class TargetScale : std::uint8_t {
  raw,       ///< As they are.
  standard,  ///< With mean 0 and deviation 1 in the training part; unscaled() turns them back.
};

/// How a table becomes tensors.
struct TableOptions {
  std::vector<std::string> targets = {};  ///< The columns to predict, in this order.
  /// Of the columns whose kind is not to be guessed. A column is guessed to be numbers where all of
  /// its cells in the training part are that are not missing. One of numbers and what resembles them ("nan", "-inf",
  /// "1e999", " 7") is refused.
  std::map<std::string, ColumnKind> kinds = {};
  Missing missing = Missing::refuse;
  std::vector<std::string> missing_cells = {""};  ///< What a missing cell reads.
  UnseenLevel unseen = UnseenLevel::refuse;
  TargetScale target_scale = TargetScale::raw;
};

/// Columns as features and targets, by what the rows that train say: the mean and deviation of
/// numbers, the levels of categories. Saved beside the model, for tables to come.
///
///     const data::Csv table = data::load_csv("cancer.csv");
///     data::TableOptions options;
///     options.targets = {"diagnosis"};
///     data::TableEncoding encoding(table, fold.train, options);
///     auto train = encoding.dataset(table, fold.train), test = encoding.dataset(table, fold.test);
///     checkpoint.add("table", encoding);
///
/// Features are float32 [n, features], the columns in the table's order: a number as
/// (x - mean) / deviation (0 where all are equal), a category as a one among as many as it has
/// levels. Targets are float32 [n, targets] where they are numbers, int64 [n] where one is a
/// category, [n, targets] where several are. Columns are found by name; a table may have more than
/// the encoding knows, in any order.
class TableEncoding {
 public:
  /// Without columns: what load_state_dict fills.
  TableEncoding() = default;
  /// Throws "[TableEncoding] data.csv: ..." for names of targets or kinds that the table does not
  /// have, for targets of both kinds, a row out of range, no rows, a column without any number or
  /// level, a cell that is no number in a column of numbers, and a missing cell where that is
  /// refused. Cells such as "nan" and "inf" are no numbers; they may be missing ones.
  TableEncoding(const Csv& table, Indices rows, const TableOptions& options);
  /// By all rows.
  TableEncoding(const Csv& table, const TableOptions& options);

  /// The rows as samples, less those that are dropped. Throws for a column that the table does not
  /// have, and for cells as the constructor does, and levels that are not known.
  std::shared_ptr<const TensorDataset> dataset(const Csv& table, Indices rows) const;
  std::shared_ptr<const TensorDataset> dataset(const Csv& table) const;
  /// The features alone: of a table that need not have the targets.
  Tensor features(const Csv& table, Indices rows) const;
  /// Those of the rows that are not dropped: sample i of dataset() is row i of these.
  std::vector<std::int64_t> kept(const Csv& table, Indices rows) const;
  /// The same for features(), of a table that need not have the targets.
  std::vector<std::int64_t> kept_features(const Csv& table, Indices rows) const;

  /// "age" of a number, "city=Paris" of a category's level.
  std::vector<std::string> feature_names() const;
  /// The levels of a target that is a category, the classes. Throws where it is none.
  const Categories& classes(std::int64_t target = 0) const&;
  Categories classes(std::int64_t target = 0) && { return std::as_const(*this).classes(target); }
  /// Targets that were numbers, as they were before they were scaled.
  Tensor unscaled(const Tensor& y) const;

  StateDict state_dict() const;
  /// Becomes what was saved. Throws, changing nothing, where entries are missing or make no encoding;
  /// and where this has columns and the saved one others, or has them otherwise. An empty state
  /// empties any.
  void load_state_dict(const StateDict& state);

  bool operator==(const TableEncoding& other) const;
  bool operator!=(const TableEncoding& other) const { return !(*this == other); }

 private:
  struct Column {
    std::string name;
    ColumnKind kind;
    double mean = 0, deviation = 1;  // of numbers
    Categories levels = {};          // of a category

    std::int64_t width() const { return kind == ColumnKind::category ? levels.size() : 1; }
    bool operator==(const Column& other) const;
  };

  Column make_column(const Csv& table, Indices rows, const std::string& name,
                     const TableOptions& options) const;
  void fit_number(const Csv& table, Indices rows, std::int64_t column, Column& to) const;
  void fit_category(const Csv& table, Indices rows, std::int64_t column, Column& to) const;
  bool is_missing(std::string_view cell) const;
  double number(const Csv& table, std::int64_t row, std::int64_t column) const;
  std::int64_t level(const Csv& table, std::int64_t row, std::int64_t column, const Column& of,
                     bool target) const;
  std::vector<std::int64_t> find(const Csv& table, const std::vector<Column>& columns) const;
  void check_targets() const;
  Tensor encode_features(const Csv& table, Indices rows) const;
  Tensor encode_targets(const Csv& table, Indices rows) const;

  std::vector<Column> features_, targets_;
  Missing missing_ = Missing::refuse;
  std::vector<std::string> missing_cells_;
  UnseenLevel unseen_ = UnseenLevel::refuse;
  TargetScale target_scale_ = TargetScale::raw;
};

}  // namespace plumb::data
