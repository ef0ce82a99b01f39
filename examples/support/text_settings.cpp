#include "text_settings.hpp"

#include "arguments.hpp"

TextSettings text_preset(const std::string& name) {
  TextSettings settings;
  settings.preset = name;
  settings.adamw.beta2 = 0.99;
  settings.adamw.weight_decay = 0.1;
  settings.net.window = 64;
  if (name == "baby-gpt") {
    // The network and the steps of nanoGPT's README for tinyshakespeare on a CPU.
    settings.model = "gpt";
    settings.net.layers = 4;
    settings.net.heads = 4;
    settings.net.width = 128;
    settings.adamw.lr = 1e-3;
    settings.training.batch_size = 12;
    settings.training.epochs = 8;
    settings.epoch_steps = 250;
    return settings;
  }
  settings.model = "lstm";
  settings.net.layers = 1;
  settings.net.width = 128;
  settings.adamw.lr = 4e-3;
  settings.training.batch_size = 32;
  settings.training.epochs = 4;
  if (name == "lstm") {
    settings.net.layers = 2;
    settings.net.width = 256;
    settings.net.dropout = 0.2;
    settings.training.epochs = 4;
  }
  return settings;
}

void add_options(arguments::App& app, TextSettings& settings) {
  app.add_option("--preset", settings.preset, "settings that go together; --help shows them")
      .one_of({"demo", "lstm", "baby-gpt"});
  app.add_option("--model", settings.model, "network").one_of({"lstm", "gpt"});
  app.add_option("--data", settings.data, "'grammar', or a text file");
  app.add_option("--layers", settings.net.layers, "of the network").whole_number(1, 1000);
  app.add_option("--width", settings.net.width, "of its layers").whole_number(1, 65'536);
  app.add_option("--heads", settings.net.heads, "of attention (gpt); they divide the width")
      .whole_number(1, 65'536);
  app.add_option("--dropout", settings.net.dropout, "share of the elements")
      .real_number(0, 1, arguments::High::excluded);
  app.add_option("--window", settings.net.window, "characters in a row that a step trains on")
      .whole_number(1, 1'000'000);
  add_length_options(app, settings.training);
  app.add_option("--epoch-steps", settings.epoch_steps,
                 "steps in an epoch (gpt); 0: as many as read the text once")
      .whole_number(0, 100'000'000);
  add_options(app, settings.adamw);
  app.add_option("--warm-up", settings.warm_up, "steps in which the learning rate rises")
      .whole_number(1, 100'000'000);
  app.add_option("--clip", settings.clip, "the longest gradient").real_number(0, 1e6);
  app.add_option("--prompt", settings.prompt, "what the network goes on from when it writes")
      .not_empty();
  app.add_option("--write", settings.write, "characters that it writes").whole_number(0, 1'000'000);
  add_run_options(app, settings.training);
}
