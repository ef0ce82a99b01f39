// A network that predicts columns of a table: of train_table.
#pragma once

#include <cstdint>
#include <memory>
#include <plumb/data.hpp>
#include <plumb/nn.hpp>
#include <string>

struct TableModelOptions {
  std::int64_t width = 32;  ///< Of the two hidden layers.
  double dropout = 0;       ///< Behind each of them.
  std::int64_t seed = 0;    ///< Of the weights and of what is dropped.
};

/// What the training rows say of the columns, and a network of their features: classes for a target
/// that is a category, otherwise numbers, which it predicts in units of their deviation.
struct TableModel {
  TableModel(const plumb::data::Csv& table, const std::vector<std::int64_t>& train,
             const plumb::data::TableOptions& columns, const TableModelOptions& options);

  plumb::Variable loss(const plumb::data::Batch& batch);
  /// Wrong answers in percent, or the root mean square error in deviations.
  double error(const std::shared_ptr<const plumb::data::Dataset>& rows);
  const char* unit() const { return classes ? " %" : " deviations"; }
  /// A line for each row that is not dropped: its number, counted from 1, and the predictions. As CSV.
  std::string predictions(const plumb::data::Csv& table);

  plumb::data::TableEncoding encoding;
  std::vector<std::string> targets;
  bool classes = false;
  plumb::nn::Sequential net;
};
