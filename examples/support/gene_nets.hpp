// Networks for gene sequences of one length, and what they look at.
#pragma once

#include <cstdint>
#include <memory>
#include <plumb/data.hpp>
#include <plumb/nn.hpp>
#include <string>
#include <vector>

#include "bar_chart.hpp"

struct GeneNetOptions {
  std::string model = "conv";
  std::int64_t letters = 57;  ///< Of every sequence.
  std::int64_t classes = 2;
};

/// How the model wants its sequences.
plumb::data::GeneOptions gene_options(const std::string& model);

/// "conv": two convolutions that find words, pooled over a few positions, and two Linear layers.
/// "pairs": one weight for each pair of neighbouring letters at each position and each class, a
/// logistic regression. Both give logits [n, classes].
std::unique_ptr<plumb::nn::Layer> make_gene_net(const GeneNetOptions& options,
                                                plumb::Generator& generator);

/// How much the logits depend on each position: the mean, over the records and over the three other
/// letters there, of how far the difference between the class's own logit and the largest other one
/// moves. All records have the same number of letters.
std::vector<double> importance(plumb::nn::Layer& model, const std::string& name,
                               const std::vector<plumb::data::FastaRecord>& records,
                               const plumb::Tensor& labels);

/// A bar for each position, the first numbered `first`.
BarChart importance_chart(std::vector<double> importance, std::int64_t first);
