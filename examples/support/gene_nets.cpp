#include "gene_nets.hpp"

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
