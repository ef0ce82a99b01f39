// Networks for gene sequences of one length.
#pragma once

#include <cstdint>
#include <memory>
#include <plumb/data.hpp>
#include <plumb/nn.hpp>
#include <string>

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
