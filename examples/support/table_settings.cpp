#include "table_settings.hpp"

#include <plumb/core.hpp>

#include "arguments.hpp"

using plumb::data::Missing;

void add_options(arguments::App& app, TableSettings& settings) {
  app.add_option("--data", settings.data, "'drawn', or a CSV file with a header");
  app.add_option("--samples", settings.samples, "drawn rows to train on")
      .whole_number(1, 10'000'000);
  app.add_option("--target", settings.table.targets,
                 "column to predict; several, if all are numbers")
      .not_empty();
  app.add_option("--category", settings.categories, "column whose numbers stand for classes")
      .not_empty();
  app.add_option("--ignore", settings.ignored, "column to leave out").not_empty();
  app.add_option("--missing", settings.missing, "what becomes of rows with a missing cell")
      .one_of({"refuse", "drop-row", "fill"});
  app.add_option("--missing-cell", settings.table.missing_cells, "what a missing cell reads");
  app.add_option("--folds", settings.folds, "of cross-validation; 0: a fifth of the file tests")
      .whole_number(0, 1'000'000);
  app.add_option("--width", settings.width, "of the two hidden layers").whole_number(1, 65'536);
  app.add_option("--dropout", settings.dropout, "share of the elements")
      .real_number(0, 1, arguments::High::excluded);
  app.add_option("--predict", settings.predict, "CSV file whose targets are to be predicted")
      .not_empty();
  app.add_option("--output", settings.output, "CSV file for the predictions").not_empty();
  add_length_options(app, settings.training);
  add_options(app, settings.adamw);
  add_run_options(app, settings.training);
}

void complete(TableSettings& settings) {
  if (settings.folds == 1) throw plumb::Error("--folds must be 0 or at least 2, got 1");
  if (settings.folds > 0 && !(settings.training.saving.folder.empty() && settings.predict.empty()))
    throw plumb::Error(
        "--folds trains many models: it goes neither with --save nor with --predict");
  if (settings.folds > 0) require_one_process(settings.training, "--folds");
  if (settings.missing == "drop-row") settings.table.missing = Missing::drop_row;
  if (settings.missing == "fill") settings.table.missing = Missing::fill;
  for (const std::string& name : settings.categories)
    settings.table.kinds[name] = plumb::data::ColumnKind::category;
  for (const std::string& name : settings.ignored)
    settings.table.kinds[name] = plumb::data::ColumnKind::ignored;
  if (!settings.table.targets.empty()) return;
  if (settings.data != "drawn") throw plumb::Error("--target must name the column to predict");
  settings.table.targets = {"label"};
}
