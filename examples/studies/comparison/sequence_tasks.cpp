#include "sequence_tasks.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <plumb/core.hpp>
#include <utility>

#include "../../support/format.hpp"
#include "../../support/gene_nets.hpp"
#include "../../support/speech_net.hpp"
#include "../../support/text_nets.hpp"

namespace comparison {
namespace {

using namespace plumb;
using Data = Task::Data;

// Made samples to validate, and as many to test.
std::int64_t held_out(std::int64_t samples) {
  return std::clamp<std::int64_t>(samples / 2, 50, 2000);
}

// The samples of one dataset, spread at random; the same for every seed of a run.
void split(Task& task, const Data& all) {
  Generator random(0, Stream::split);
  const std::int64_t sixth = all->size() / 6;
  const auto parts = data::random_split(all, {all->size() - 2 * sixth, sixth, sixth}, random);
  task.train = parts[0];
  task.validation = parts[1];
  task.test = parts[2];
}

// `make(count, first)` makes samples first, first + 1, ...
template <class Make>
void make_parts(Task& task, std::int64_t samples, const Make& make) {
  const std::int64_t others = held_out(samples);
  task.train = make(samples, std::int64_t{0});
  task.validation = make(others, samples);
  task.test = make(others, samples + others);
}

// Windows side by side, of three parts of one text; samples are windows.
void read_text(Task& task, const TaskOptions& options) {
  constexpr std::int64_t window = 32;
  const bool made = options.data == "synthetic";
  const std::string all =
      made ? data::draw_sentences(options.samples) : data::load_text(options.data);
  const data::TextParts first = data::split_text(all, 2.0 / 3);
  const data::TextParts rest = data::split_text(first.validation, 0.5);
  const data::Vocabulary vocabulary(first.train);
  const auto windows = [&](const std::string& part) {
    return std::make_shared<data::TokenWindows>(vocabulary.encode(part), window, window);
  };
  task.train = windows(first.train);
  task.validation = windows(rest.train);
  task.test = windows(rest.validation);
  const bool gpt = task.name == "gpt";
  TextNetOptions net;
  net.characters = vocabulary.size();
  net.layers = gpt ? 2 : 1;
  net.width = gpt ? 32 : 64;
  net.heads = 2;
  net.window = window;
  const std::string model = gpt ? "gpt" : "lstm";
  task.make_model = [model, net](Generator& random) { return make_text_net(model, net, random); };
}

void read_speech(Task& task, const TaskOptions& options) {
  std::int64_t classes = 10;
  if (options.data == "synthetic") {
    make_parts(task, options.samples, [](std::int64_t count, std::int64_t first) {
      data::SpokenDigitOptions which;
      which.first_index = first;
      return std::make_shared<data::ClipDataset>(data::speak_digits(count, which));
    });
  } else {
    const data::Clips clips = data::load_clips(data::list_recordings(options.data), {8000});
    classes = static_cast<std::int64_t>(clips.classes.size());
    split(task, std::make_shared<data::ClipDataset>(clips));
  }
  task.make_model = [classes](Generator& random) {
    return std::make_shared<SpeechNet>(LogMelOptions().bands, classes, random, random.fork());
  };
}

void read_genes(Task& task, const TaskOptions& options) {
  GeneNetOptions net;
  const auto dataset = [&](const std::vector<data::FastaRecord>& records) {
    const std::vector<std::string> names = data::header_values(records, "label");
    const data::Categories classes(names);
    net.classes = classes.size();
    net.letters = static_cast<std::int64_t>(records[0].sequence.size());
    return std::make_shared<data::GeneDataset>(records, classes.encode(names),
                                               gene_options(net.model));
  };
  if (options.data == "synthetic") {
    make_parts(task, options.samples, [&](std::int64_t count, std::int64_t first) {
      data::PromoterOptions which;
      which.first_index = first;
      return dataset(data::draw_promoters(count, which));
    });
  } else {
    split(task, dataset(data::load_fasta(options.data)));
  }
  task.make_model = [net](Generator& random) { return make_gene_net(net, random); };
}

// 2 held_out more rows than samples.
std::int64_t rows_for(const TaskOptions& options) {
  return options.samples + 2 * held_out(options.samples);
}

// Friedman's first function, "Multivariate adaptive regression splines" (1991), section 4.3: of ten
// uniform numbers, five of which say nothing, with noise of deviation 1.
std::string draw_friedman(std::int64_t rows) {
  constexpr double pi = 3.14159265358979323846;
  Generator random(0, Stream::data);
  std::string out = "x1,x2,x3,x4,x5,x6,x7,x8,x9,x10,y\n";
  for (std::int64_t row = 0; row < rows; ++row) {
    double x[10];
    for (double& value : x) {
      value = random.uniform();
      out += format("%.4f,", value);
    }
    const double y = 10 * std::sin(pi * x[0] * x[1]) + 20 * (x[2] - 0.5) * (x[2] - 0.5) +
                     10 * x[3] + 5 * x[4] + random.normal();
    out += format("%.4f\n", y);
  }
  return out;
}

// The last column is the target. All rows say what numbers and levels there are, so that the parts are
// those of random_split.
void read_columns(Task& task, const data::Csv& csv) {
  const bool classes = task.name == "table";
  data::TableOptions columns;
  columns.targets = {csv.names().back()};
  columns.target_scale = data::TargetScale::standard;
  const data::TableEncoding encoding(csv, columns);
  const auto all = encoding.dataset(csv);
  if ((all->y().dtype() == DType::int64) != classes)
    errors::fail("make_task", "the last column, '", columns.targets[0], "', must be a ",
                 classes ? "category; --task regression takes numbers"
                         : "number; --task table takes categories");
  const std::int64_t features = all->x().dim(1), out = classes ? encoding.classes().size() : 1;
  split(task, all);
  task.make_model = [features, out](Generator& random) {
    return std::make_shared<nn::Sequential>(
        nn::Sequential{nn::Linear(features, 32, random), nn::ReLU(), nn::Linear(32, 32, random),
                       nn::ReLU(), nn::Linear(32, out, random)});
  };
}

void read_table(Task& task, const TaskOptions& options) {
  read_columns(task, options.data == "synthetic"
                         ? data::parse_csv(data::draw_table(rows_for(options)))
                         : data::load_csv(options.data));
}

void read_regression(Task& task, const TaskOptions& options) {
  task.classes = false;
  task.metric = "squared error";
  task.loss = [](const Variable& out, const data::Batch& batch) { return nn::mse(out, batch.y); };
  read_columns(task, options.data == "synthetic" ? data::parse_csv(draw_friedman(rows_for(options)))
                                                 : data::load_csv(options.data));
}

}  // namespace

bool read_sequence_task(Task& task, const TaskOptions& options) {
  using Read = void (*)(Task&, const TaskOptions&);
  const std::map<std::string, Read> readers = {
      {"text", read_text},   {"gpt", read_text},    {"speech", read_speech},
      {"genes", read_genes}, {"table", read_table}, {"regression", read_regression}};
  const auto found = readers.find(task.name);
  if (found == readers.end()) return false;
  found->second(task, options);
  return true;
}

}  // namespace comparison
