#include "table_model.hpp"

#include <algorithm>
#include <cmath>
#include <plumb/plumb.hpp>

#include "format.hpp"
#include "training.hpp"

using namespace plumb;

namespace {

data::TableOptions with_scaled_targets(data::TableOptions options) {
  options.target_scale = data::TargetScale::standard;
  return options;
}

}  // namespace

TableModel::TableModel(const data::Csv& table, const std::vector<std::int64_t>& train,
                       const data::TableOptions& columns, const TableModelOptions& options)
    : encoding(table, train, with_scaled_targets(columns)), targets(columns.targets) {
  const data::Batch first = encoding.dataset(table, train)->gather({0});
  classes = first.y.dtype() == DType::int64;
  const std::int64_t out = classes ? encoding.classes().size() : first.y.dim(1);
  const auto seed = static_cast<std::uint64_t>(options.seed);
  Generator random(seed, Stream::init), noise(seed, Stream::dropout);
  const std::int64_t width = options.width;
  net = nn::Sequential{nn::Linear(first.x.dim(1), width, random),
                       nn::ReLU(),
                       nn::Dropout(options.dropout, noise.fork()),
                       nn::Linear(width, width, random),
                       nn::ReLU(),
                       nn::Dropout(options.dropout, noise.fork()),
                       nn::Linear(width, out, random)};
}

Variable TableModel::loss(const data::Batch& batch) {
  const Variable out = net(batch.x);
  return classes ? nn::cross_entropy(out, batch.y) : nn::mse(out, batch.y);
}

double TableModel::error(const std::shared_ptr<const data::Dataset>& rows) {
  const NoGrad no_grad;
  const nn::EvalMode evaluating(net);
  double sum = 0;
  for (const data::Batch& batch : test_loader(rows)) {
    if (!classes) {
      sum += loss(batch).item() * static_cast<double>(batch.x.dim(0));
      continue;
    }
    const Tensor guesses = argmax(net(batch.x).value(), 1);
    for (std::int64_t i = 0; i < guesses.numel(); ++i)
      sum += guesses.data<std::int64_t>()[i] != batch.y.data<std::int64_t>()[i] ? 1 : 0;
  }
  const double mean = sum / static_cast<double>(rows->size());
  return classes ? 100 * mean : std::sqrt(mean);
}

std::string TableModel::predictions(const data::Csv& table) {
  const NoGrad no_grad;
  const nn::EvalMode evaluating(net);
  const std::vector<std::int64_t> rows =
      encoding.kept_features(table, data::all_indices(table.rows()));
  const Tensor out = net(encoding.features(table, rows)).value();
  const Tensor guesses = classes ? argmax(out, 1) : encoding.unscaled(out);
  std::string lines = "row";
  for (const std::string& target : targets) lines += "," + data::csv_cell(target);
  const auto columns = static_cast<std::int64_t>(targets.size());
  for (std::int64_t i = 0; i < guesses.numel(); ++i) {
    if (i % columns == 0)
      lines += errors::text("\n", rows[static_cast<std::size_t>(i / columns)] + 1);
    lines +=
        "," + (classes ? data::csv_cell(encoding.classes().name(guesses.data<std::int64_t>()[i]))
                       : format("%.6g", static_cast<double>(guesses.data<float>()[i])));
  }
  return lines + "\n";
}
