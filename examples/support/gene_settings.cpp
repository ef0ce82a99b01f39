#include "gene_settings.hpp"

#include <plumb/core/runtime/error.hpp>

#include "arguments.hpp"

GeneSettings gene_preset(const std::string& name) {
  GeneSettings settings;
  settings.preset = name;
  settings.training.epochs = 10;
  if (name != "promoters") return settings;
  settings.model = "pairs";
  settings.leave_one_out = 5;
  settings.sgd.lr = 0.05;
  settings.sgd.weight_decay = 0.3;
  settings.training.epochs = 150;
  settings.training.batch_size = 105;
  return settings;
}

void add_options(arguments::App& app, GeneSettings& settings) {
  app.add_option("--preset", settings.preset, "settings that go together; --help shows them")
      .one_of({"demo", "promoters"});
  app.add_option("--model", settings.model, "convolutions, or a weight for each pair of letters")
      .one_of({"conv", "pairs"});
  app.add_option("--data", settings.data, "'planted', or a FASTA file");
  app.add_option("--label", settings.label, "key of the class in its headers: key=value")
      .not_empty();
  app.add_option("--samples", settings.samples, "planted sequences to train on")
      .whole_number(1, 10'000'000);
  app.add_option("--leave-one-out", settings.leave_one_out,
                 "runs of it; 0: none, a fifth of the file tests")
      .whole_number(0, 1000);
  app.add_option("--picture", settings.picture, "SVG file that shows which positions matter")
      .not_empty();
  app.add_option("--first-position", settings.first_position, "number of the first letter there")
      .whole_number(-1'000'000'000, 1'000'000'000);
  add_length_options(app, settings.training);
  add_options(app, settings.sgd);
  add_run_options(app, settings.training);
}

void complete(const arguments::App& app, GeneSettings& settings) {
  if (settings.leave_one_out > 0 && !settings.training.saving.folder.empty())
    throw plumb::Error(
        "--save saves nothing where one is left out: --leave-one-out 0 trains one model");
  if (settings.leave_one_out > 0) require_one_process(settings.training, "--leave-one-out");
  complete(app, settings.sgd);
}
