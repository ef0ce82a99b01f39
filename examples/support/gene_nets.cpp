#include "gene_nets.hpp"

#include <cmath>
#include <utility>

using namespace plumb;

namespace {

constexpr int pair = 2;  // letters of a word
constexpr std::int64_t words =
    17;  // 16 pairs of letters, and those with a letter for several bases

// y [n, classes] = sum over the positions t of weight[t, x[n, t]].
class PairWeights : public nn::Layer {
 public:
  PairWeights(std::int64_t positions, std::int64_t classes, Generator& generator)
      : first_(Tensor::empty({positions}, DType::int64)),
        weights_(add("weights", nn::Embedding(positions * words, classes, generator))) {
    for (std::int64_t t = 0; t < positions; ++t) first_.mutable_data<std::int64_t>()[t] = t * words;
    Tensor weight = weights_.weight().value();
    nn::init::normal(weight, generator, 0, 0.01);
  }
  Variable forward(const Variable& x) override { return sum(weights_(x.value() + first_), {1}); }

 private:
  Tensor first_;  // the number of each position's first weight
  nn::Embedding& weights_;
};

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

}  // namespace

data::GeneOptions gene_options(const std::string& model) {
  data::GeneOptions options;
  options.layout = model == "pairs" ? data::GeneLayout::words : data::GeneLayout::channels;
  options.k = pair;
  return options;
}

std::unique_ptr<nn::Layer> make_gene_net(const GeneNetOptions& options, Generator& generator) {
  if (options.model == "pairs")
    return std::make_unique<PairWeights>(options.letters - pair + 1, options.classes, generator);
  constexpr std::int64_t channels = 32, width = 64;
  const std::int64_t pooled = (options.letters - 5) / 2;
  return std::make_unique<nn::Sequential>(nn::Sequential{
      nn::Conv1d(4, channels, 6, generator), nn::ReLU(), nn::MaxPool1d(2),
      nn::Conv1d(channels, channels, 3, generator, {1, 1}), nn::ReLU(), nn::Flatten(),
      nn::Dropout(0.5, generator.fork()), nn::Linear(channels * pooled, width, generator),
      nn::ReLU(), nn::Linear(width, options.classes, generator)});
}

std::vector<double> importance(nn::Layer& model, const std::string& name,
                               const std::vector<data::FastaRecord>& records,
                               const Tensor& labels) {
  const NoGrad no_grad;
  const nn::EvalMode evaluating(model);
  const auto evaluate = [&](const std::vector<data::FastaRecord>& sequences) {
    const data::GeneDataset set(sequences, labels, gene_options(name));
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

BarChart importance_chart(std::vector<double> importance, std::int64_t first) {
  BarChart chart;
  chart.title = "How far another letter moves the decision";
  chart.x_label = "position";
  chart.y_label = "change of the logits";
  for (std::size_t i = 0; i < importance.size(); ++i) {
    const std::int64_t position = first + static_cast<std::int64_t>(i);
    chart.labels.push_back(position % 5 == 0 ? std::to_string(position) : "");
  }
  chart.values = std::move(importance);
  return chart;
}
