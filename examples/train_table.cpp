// Trains a network that predicts a column of a table, and writes its predictions.
#include <memory>
#include <optional>
#include <plumb/plumb.hpp>

#include "support/arguments.hpp"
#include "support/files.hpp"
#include "support/format.hpp"
#include "support/program.hpp"
#include "support/table_model.hpp"
#include "support/table_settings.hpp"
#include "support/training.hpp"

using namespace plumb;

namespace {

// 1. The data: a CSV file, and which of its rows train and test. Of drawn rows the lowest error that
// is possible is known.
struct Table {
  data::Csv csv;
  std::vector<data::Fold> folds = {};
  double best = -1;  // a share; below 0: nobody knows
};

Table load(const TableSettings& settings) {
  Generator random(static_cast<std::uint64_t>(settings.training.seed), Stream::split);
  if (settings.data == "drawn") {
    const data::DrawnTableOptions drawn;
    Table table{data::parse_csv(data::draw_table(settings.samples + 5000, drawn))};
    table.best = drawn.noise;
    data::Fold fold;
    for (std::int64_t i = 0; i < table.csv.rows(); ++i)
      (i < settings.samples ? fold.train : fold.test).push_back(i);
    table.folds = {fold};
    if (settings.folds > 0) table.folds = data::k_fold(table.csv.rows(), settings.folds, random);
    return table;
  }
  Table table{data::load_csv(settings.data)};
  table.folds = data::k_fold(table.csv.rows(), settings.folds > 0 ? settings.folds : 5, random);
  if (settings.folds == 0) table.folds.resize(1);  // a fifth tests
  return table;
}

// 2. Cross-validation: a model for each fold, tested on the rows that it has not seen.
int cross_validate(const TableSettings& settings) {
  const Table table = load(settings);
  double sum = 0;
  for (std::size_t k = 0; k < table.folds.size(); ++k) {
    const data::Fold& fold = table.folds[k];
    TableModel model(table.csv, fold.train, settings.table, settings.model());
    optim::AdamW optimizer(model.net.parameters(), settings.adamw);
    data::DataLoader loader =
        training_loader(model.encoding.dataset(table.csv, fold.train), settings.training);
    for (std::int64_t epoch = 0; epoch < settings.training.epochs; ++epoch)
      for (const data::Batch& batch : loader) {
        optimizer.zero_grad();
        model.loss(batch).backward();
        optimizer.step();
      }
    const double error = model.error(model.encoding.dataset(table.csv, fold.test));
    std::printf("fold %zu/%zu  test error %.2f%s\n", k + 1, table.folds.size(), error,
                model.unit());
    std::fflush(stdout);
    sum += error;
    if (k + 1 == table.folds.size())
      std::printf("\ntest error      %.2f%s (mean of %zu folds)\n",
                  sum / static_cast<double>(table.folds.size()), model.unit(), table.folds.size());
  }
  return 0;
}

// 3. One model, with checkpoints; then its predictions for a table that need not have the targets.
int train(const TableSettings& settings) {
  if (settings.folds > 0) return cross_validate(settings);
  Training training("train_table", settings.training);
  const Table table = load(settings);
  std::optional<data::Csv> to_come;
  if (!settings.predict.empty()) {
    to_come = data::load_csv(settings.predict);
    require_writable(settings.output);
  }
  const data::Fold& fold = table.folds[0];
  TableModel model(table.csv, fold.train, settings.table, settings.model());
  if (to_come) model.predictions(*to_come);  // refused now, and not after the last epoch
  optim::AdamW optimizer(model.net.parameters(), settings.adamw);
  const auto train_rows = model.encoding.dataset(table.csv, fold.train);
  const auto test_rows = model.encoding.dataset(table.csv, fold.test);
  data::DataLoader loader = training.loader(train_rows);
  training.shard(model.net);
  std::printf("%s", nn::summary(model.net, train_rows->gather({0}).x.shape()).c_str());
  std::printf("train %lld, test %lld rows; AdamW %s\n\n",
              static_cast<long long>(train_rows->size()), static_cast<long long>(test_rows->size()),
              optim::to_string(optimizer.settings(0)).c_str());

  Checkpoint& checkpoint = training.checkpoint();
  checkpoint.add("model", model.net);
  checkpoint.add("table", model.encoding);
  checkpoint.add("optimizer", optimizer);
  checkpoint.require("seed", settings.training.seed);
  require_settings(checkpoint, optimizer);

  double error = 0;
  const auto test = [&] {
    error = model.error(test_rows);
    return TestScore{format("test error %.2f%s", error, model.unit()), -error};
  };
  const auto step = [&](const data::Batch& batch) {
    optimizer.zero_grad();
    const double loss =
        training.backward(batch, [&](const data::Batch& part) { return model.loss(part); });
    optimizer.step();
    return loss;
  };
  const int code = training.run(loader, step, test);
  if (code != 0 || !training.first()) return code;

  std::printf("\ntest error      %.2f%s\n", error, model.unit());
  if (table.best >= 0) std::printf("best possible   %.2f %%\n", 100 * table.best);
  training.print_end(model.net);
  if (!to_come) return 0;
  write_file(settings.output, model.predictions(*to_come));
  std::printf("predictions     %s\n", settings.output.c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  TableSettings settings;
  arguments::App app("Trains a network that predicts a column of a table.", "train_table");
  add_options(app, settings);
  const int code = app.parse(argc, argv, [&] { complete(settings); });
  if (code >= 0) return code;
  return run_program("train_table", [&] { return train(settings); });
}
