#include "gene_picture.hpp"

#include <cmath>
#include <string>

#include "bar_chart.hpp"
#include "gene_nets.hpp"

using namespace plumb;

namespace {

// The logit of each sample's class less the largest of the others, [n].
std::vector<double> margins(nn::Layer& model, const data::Batch& batch) {
  const Tensor logits = model(batch.x).value();
  const std::int64_t classes = logits.dim(1);
  std::vector<double> result;
  for (std::int64_t i = 0; i < logits.dim(0); ++i) {
    const float* row = logits.data<float>() + i * classes;
    const std::int64_t own = batch.y.data<std::int64_t>()[i];
    double other = -INFINITY;
    for (std::int64_t c = 0; c < classes; ++c)
      if (c != own) other = std::max(other, static_cast<double>(row[c]));
    result.push_back(static_cast<double>(row[own]) - other);
  }
  return result;
}

std::vector<double> importance(nn::Layer& model, const data::GeneOptions& options,
                               const std::vector<data::FastaRecord>& records,
                               const Tensor& labels) {
  const NoGrad no_grad;
  const nn::EvalMode evaluating(model);
  const auto evaluate = [&](const std::vector<data::FastaRecord>& sequences) {
    const data::GeneDataset set(sequences, labels, options);
    return margins(model, set.gather(data::all_indices(set.size())));
  };
  const std::vector<double> whole = evaluate(records);
  std::vector<double> result;
  for (std::size_t t = 0; t < records[0].sequence.size(); ++t) {
    double moved = 0;
    for (int other = 1; other < 4; ++other) {
      std::vector<data::FastaRecord> changed = records;
      for (data::FastaRecord& record : changed) {
        const std::string bases = "ACGT";
        const std::size_t base = bases.find(record.sequence[t]);
        if (base != std::string::npos)
          record.sequence[t] = bases[(base + static_cast<std::size_t>(other)) % 4];
      }
      const std::vector<double> now = evaluate(changed);
      for (std::size_t i = 0; i < now.size(); ++i) moved += std::abs(now[i] - whole[i]);
    }
    result.push_back(moved / (3 * static_cast<double>(records.size())));
  }
  return result;
}

}  // namespace

void draw_importance(nn::Layer& model, const GeneSettings& settings,
                     const std::vector<data::FastaRecord>& records,
                     const data::Categories& classes) {
  const Tensor labels = classes.encode(data::header_values(records, settings.label));
  BarChart chart;
  chart.title = "How far another letter moves the decision";
  chart.x_label = "position";
  chart.y_label = "change of the logits";
  chart.values = importance(model, gene_options(settings.model), records, labels);
  for (std::size_t i = 0; i < chart.values.size(); ++i) {
    const std::int64_t position = settings.first_position + static_cast<std::int64_t>(i);
    chart.labels.push_back(position % 5 == 0 ? std::to_string(position) : "");
  }
  write_svg(chart, settings.picture);
}
