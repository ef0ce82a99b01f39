// What train_genes can be told, and the settings that go together.
#pragma once

#include <cstdint>
#include <plumb/optim/sgd.hpp>
#include <string>

#include "training_options.hpp"

struct GeneSettings {
  std::string preset = "demo";
  std::string model = "conv";         ///< "conv" or "pairs": see gene_nets.hpp.
  std::string data = "planted";       ///< "planted", or a FASTA file.
  std::string label = "label";        ///< Key of the class in its headers.
  std::int64_t samples = 4000;        ///< Planted sequences to train on.
  std::int64_t leave_one_out = 0;     ///< Runs of it; 0: none, a fifth of a file tests.
  std::string picture;                ///< SVG file; empty: none.
  std::int64_t first_position = -50;  ///< Number of the first letter there.
  plumb::optim::SGDOptions sgd = plumb::optim::SGD::heavy_ball(/*lr=*/0.02, /*momentum=*/0.9);
  TrainingOptions training;
};

/// "demo": convolutions for planted promoters. "promoters": pairs of letters, leaving one out, for
/// the 106 sequences of UCI's repository. For other names the settings of demo, with that name.
GeneSettings gene_preset(const std::string& name);

/// All of them, with their values as defaults.
void add_options(arguments::App& app, GeneSettings& settings);
/// When they have been read: see that of SGD's. Throws for checkpoints where one is left out, since none
/// would be saved.
void complete(const arguments::App& app, GeneSettings& settings);
