// What train_text can be told, and the settings that go together.
#pragma once

#include <plumb/optim/adamw.hpp>
#include <string>

#include "text_nets.hpp"
#include "training_options.hpp"

struct TextSettings {
  std::string preset = "demo";
  std::string model = "lstm";    ///< "lstm" or "gpt".
  std::string data = "grammar";  ///< "grammar", or a text file.
  TextNetOptions net;
  std::int64_t epoch_steps = 0;  ///< Of gpt; 0: as many as read the text once.
  std::int64_t warm_up = 100;    ///< Steps in which the learning rate rises.
  double clip = 1;               ///< The longest gradient.
  std::string prompt = "\n";     ///< What the network goes on from when it writes.
  std::int64_t write = 300;      ///< Characters.
  plumb::optim::AdamWOptions adamw;
  TrainingOptions training;
};

/// "demo": a small LSTM for the built-in grammar. "lstm" and "baby-gpt": for a megabyte of text. For
/// other names the settings of demo, with that name.
TextSettings text_preset(const std::string& name);

/// All of them, with their values as defaults.
void add_options(arguments::App& app, TextSettings& settings);
