// What train_table can be told.
#pragma once

#include <cstdint>
#include <plumb/data.hpp>
#include <plumb/optim/adamw.hpp>
#include <string>
#include <vector>

#include "table_model.hpp"
#include "training_options.hpp"

struct TableSettings {
  std::string data = "drawn";   ///< "drawn", or a CSV file with a header.
  std::int64_t samples = 4000;  ///< Drawn rows to train on.
  std::int64_t folds = 0;       ///< Of cross-validation; 0: none, a fifth of a file tests.
  std::int64_t width = 32;      ///< Of the two hidden layers.
  double dropout = 0;           ///< Behind each of them.
  std::string predict;          ///< CSV file whose targets are to be predicted; empty: none.
  std::string output = "predictions.csv";
  std::vector<std::string> categories;  ///< Columns whose numbers stand for classes.
  std::vector<std::string> ignored;     ///< Columns to leave out.
  std::string missing = "refuse";       ///< What becomes of rows with a missing cell.
  plumb::data::TableOptions table;      ///< Targets, missing cells.
  plumb::optim::AdamWOptions adamw;
  TrainingOptions training;

  TableSettings() {
    adamw.lr = 3e-3;
    training.epochs = 20;
  }
  TableModelOptions model() const { return {width, dropout, training.seed}; }
};

/// All of them, with their values as defaults.
void add_options(arguments::App& app, TableSettings& settings);
/// When they have been read: the table's options from the words. Without --target, the last column of drawn rows;
/// throws where a file has none.
void complete(TableSettings& settings);
