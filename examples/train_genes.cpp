// Trains a classifier of gene sequences, and shows which positions it looks at.
#include <memory>
#include <plumb/plumb.hpp>

#include "support/arguments.hpp"
#include "support/confusion.hpp"
#include "support/files.hpp"
#include "support/format.hpp"
#include "support/gene_nets.hpp"
#include "support/gene_picture.hpp"
#include "support/gene_settings.hpp"
#include "support/leave_one_out.hpp"
#include "support/program.hpp"
#include "support/training.hpp"

using namespace plumb;

namespace {

// 1. The data: sequences of one length and their classes. Of planted promoters the lowest error that
// is possible is known.
struct Genes {
  std::vector<data::FastaRecord> train, test;
  data::Categories classes;
  double best = -1;  // error, a share; below 0: nobody knows
};

// Refuses, by its name in the file, a sequence of another length than the first, and one of a class that
// none has that trains.
void check(const GeneSettings& settings, const std::vector<data::FastaRecord>& all,
           const data::Categories& classes) {
  const std::vector<std::string> labels = data::header_values(all, settings.label);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto letters = static_cast<std::int64_t>(all[i].sequence.size());
    const auto expected = static_cast<std::int64_t>(all[0].sequence.size());
    if (letters != expected)
      errors::fail("train_genes", settings.data, ": ", all[i].name, " has ", letters, " letters, ",
                   all[0].name, " ", expected);
    if (!classes.find(labels[i]))
      errors::fail("train_genes", settings.data, ": ", all[i].name, " is of the class '", labels[i],
                   "', of which there is none among the ", classes.size(),
                   " of the sequences that train");
  }
}

Genes load(const GeneSettings& settings) {
  Genes genes;
  if (settings.data == "planted") {
    data::PromoterOptions held_out;
    held_out.first_index = settings.samples;
    genes.train = data::draw_promoters(settings.samples);
    genes.test = data::draw_promoters(2000, held_out);
    genes.best = data::promoter_bayes_error();
  } else {  // a random fifth tests, the same for every seed
    const std::vector<data::FastaRecord> all = data::load_fasta(settings.data);
    Generator random(0, Stream::split);
    const data::Fold fold = data::k_fold(static_cast<std::int64_t>(all.size()), 5, random)[0];
    for (const std::int64_t i : fold.train) genes.train.push_back(all[static_cast<std::size_t>(i)]);
    for (const std::int64_t i : fold.test) genes.test.push_back(all[static_cast<std::size_t>(i)]);
    genes.classes = data::Categories(data::header_values(genes.train, settings.label));
    check(settings, all, genes.classes);
    return genes;
  }
  genes.classes = data::Categories(data::header_values(genes.train, settings.label));
  return genes;
}

std::shared_ptr<const data::Dataset> dataset(const GeneSettings& settings, const Genes& genes,
                                             const std::vector<data::FastaRecord>& records) {
  const Tensor labels = genes.classes.encode(data::header_values(records, settings.label));
  return std::make_shared<data::GeneDataset>(records, labels, gene_options(settings.model));
}

// 2. The model, drawn from the seed.
std::unique_ptr<nn::Layer> make_model(const GeneSettings& settings, const Genes& genes,
                                      std::int64_t seed) {
  GeneNetOptions options;
  options.model = settings.model;
  options.letters = static_cast<std::int64_t>(genes.train[0].sequence.size());
  options.classes = genes.classes.size();
  Generator generator(static_cast<std::uint64_t>(seed), Stream::init);
  return make_gene_net(options, generator);
}

// 3. What is learnt: the classes of a batch.
auto loss_of(nn::Layer& model) {
  return [&](const data::Batch& batch) { return nn::cross_entropy(model(batch.x), batch.y); };
}

// 4. Leave one out: for every sequence a model of all others. The picture is of a model of all.
int leave_one_out(const GeneSettings& settings, Genes genes) {
  genes.train.insert(genes.train.end(), genes.test.begin(), genes.test.end());
  genes.test = genes.train;
  const auto all = dataset(settings, genes, genes.train);
  TrainingOptions training = settings.training;
  const auto fit = [&](const std::shared_ptr<const data::Dataset>& samples) {
    std::unique_ptr<nn::Layer> model = make_model(settings, genes, training.seed);
    optim::SGD optimizer(model->parameters(), settings.sgd);
    data::DataLoader loader = training_loader(samples, training);
    for (std::int64_t epoch = 0; epoch < training.epochs; ++epoch)
      for (const data::Batch& batch : loader) {
        optimizer.zero_grad();
        loss_of (*model)(batch).backward();
        optimizer.step();
      }
    return model;
  };
  LeaveOneOut result(all);
  for (std::int64_t run = 0; run < settings.leave_one_out; ++run, ++training.seed) result.run(fit);
  result.print();
  if (!settings.picture.empty()) draw_importance(*fit(all), settings, genes.test, genes.classes);
  return 0;
}

// 5. One model, with checkpoints, and a picture of the positions that it looks at.
int train(const GeneSettings& settings) {
  if (!settings.picture.empty()) require_writable(settings.picture);
  if (settings.leave_one_out > 0) return leave_one_out(settings, load(settings));
  Training training("train_genes", settings.training);
  Genes genes = load(settings);
  const std::unique_ptr<nn::Layer> model = make_model(settings, genes, settings.training.seed);
  optim::SGD optimizer(model->parameters(), settings.sgd);
  const auto test_set = dataset(settings, genes, genes.test);
  data::DataLoader loader = training.loader(dataset(settings, genes, genes.train));
  std::printf("%s", nn::summary(*model, test_set->gather({0}).x).c_str());
  std::printf("train %zu, test %zu sequences\n\n", genes.train.size(), genes.test.size());

  Checkpoint& checkpoint = training.checkpoint();
  checkpoint.add("model", *model);
  checkpoint.add("classes", genes.classes);
  checkpoint.add("optimizer", optimizer);
  checkpoint.require("network", settings.model);
  checkpoint.require("seed", settings.training.seed);
  require_settings(checkpoint, optimizer);

  Confusion confusion(genes.classes.names());
  const auto test = [&] {
    confusion = test_classes(*model, test_set, genes.classes.names());
    return TestScore{format("test error %.2f %%", 100 * (1 - confusion.accuracy())),
                     confusion.accuracy()};
  };
  training.shard(*model);
  const auto step = [&](const data::Batch& batch) {
    optimizer.zero_grad();
    const double loss = training.backward(batch, loss_of(*model));
    optimizer.step();
    return loss;
  };
  const int code = training.run(loader, step, test);
  if (code != 0 || !training.first()) return code;

  confusion.print();
  std::printf("\ntest error      %.2f %%\n", 100 * (1 - confusion.accuracy()));
  if (genes.best >= 0) std::printf("best possible   %.2f %%\n", 100 * genes.best);
  if (!settings.picture.empty()) draw_importance(*model, settings, genes.test, genes.classes);
  training.print_end(*model);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  GeneSettings settings = gene_preset(arguments::value_of(argc, argv, "--preset", "demo"));
  arguments::App app("Trains a classifier of gene sequences, and shows what it looks at.",
                     "train_genes");
  add_options(app, settings);
  const int code = app.parse(argc, argv, [&] { complete(app, settings); });
  if (code >= 0) return code;
  return run_program("train_genes", [&] { return train(settings); });
}
