// The examples of docs/data.md, compiled and run.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <plumb/core.hpp>
#include <plumb/data.hpp>
#include <string>
#include <vector>

#include "../support/document.hpp"
#include "../support/temporary_folder.hpp"
#include "speech/wav_bytes.hpp"

using namespace plumb;

namespace {

// y = sin x + noise at random x in [-3, 3]; sample i is a pure function of i.
class NoisySine : public data::Dataset {
 public:
  std::int64_t size() const override { return 1000; }
  data::Batch gather(data::Indices indices) const override {
    indices.check("NoisySine", size());
    data::Batch batch{Tensor::empty({indices.size(), 1}), Tensor::empty({indices.size(), 1})};
    float* x = batch.x.mutable_data<float>();
    float* y = batch.y.mutable_data<float>();
    for (const std::int64_t i : indices) {
      Generator random(7, Stream::data);
      random.set_position(static_cast<std::uint64_t>(2 * i));  // two draws, a block each
      *x = static_cast<float>(6 * random.uniform() - 3);
      *y++ = static_cast<float>(std::sin(*x) + 0.1 * random.normal());
      ++x;
    }
    return batch;
  }
};

}  // namespace

TEST_CASE("docs/data.md: a loop over a loader") {
  data::LoaderOptions options;
  options.batch_size = 32;
  options.shuffle = true;
  data::DataLoader loader(std::make_shared<data::SyntheticDigits>(100), options);
  std::int64_t seen = 0;
  for (const data::Batch& batch : loader) seen += batch.y.numel();
  CHECK(seen == 100);
}

TEST_CASE("docs/data.md: a dataset of one's own is the same for 0 and 2 threads") {
  std::vector<float> first;
  for (const int threads : {0, 2}) {
    data::LoaderOptions options;
    options.shuffle = true;
    options.threads = threads;
    data::DataLoader loader(std::make_shared<NoisySine>(), options);
    std::vector<float> all;
    for (const data::Batch& batch : loader) {
      CHECK(batch.x.shape() == batch.y.shape());
      for (std::int64_t i = 0; i < batch.x.numel(); ++i) {
        CHECK(std::abs(batch.y.at({i, 0}) - std::sin(batch.x.at({i, 0}))) < 0.5);
        all.push_back(batch.y.data<float>()[i]);
      }
    }
    CHECK(all.size() == 1000);
    if (threads == 0) first = all;
    CHECK(all == first);
  }
}

TEST_CASE("docs/data.md: samplers, and sequences of unlike lengths") {
  const Tensor labels = Tensor::from<std::int64_t>({0, 0, 0, 0, 0, 0, 0, 1, 1, 2});
  const auto set = std::make_shared<data::TensorDataset>(Tensor::arange(10), labels);
  data::LoaderOptions rare;
  rare.batch_size = 30;
  rare.sampler = std::make_shared<data::BalancedSampler>(labels);
  data::DataLoader balanced(set, rare);
  for (const data::Batch& batch : balanced) {
    const std::vector<std::int64_t> y = batch.y.to_vector<std::int64_t>();
    for (const std::int64_t label : {0, 1, 2}) CHECK(std::count(y.begin(), y.end(), label) == 7);
  }

  std::vector<Tensor> sequences;
  for (std::int64_t i = 0; i < 100; ++i) sequences.push_back(Tensor::ones({1 + i * i % 17, 3}));
  const Tensor classes = Tensor::arange(100);
  data::SequenceOptions padded;
  padded.padding = 0;
  auto words = std::make_shared<data::SequenceDataset>(sequences, classes, padded);
  data::LoaderOptions by_length;
  by_length.batch_size = 16;
  by_length.sampler = std::make_shared<data::BucketSampler>(words->lengths(), by_length.batch_size);
  data::DataLoader batches(words, by_length);
  CHECK(batches.batches() == 7);
  for (const data::Batch& batch : batches) CHECK(batch.x.dim(2) == 3);
}

TEST_CASE("docs/data.md: text") {
  const data::TextParts parts = data::split_text(data::draw_sentences(500));
  data::Vocabulary vocabulary(parts.train);
  const Tensor ids = vocabulary.encode(parts.train);

  auto windows = std::make_shared<data::TokenWindows>(ids, 64);  // x: 64 characters, y: one further
  data::LoaderOptions random;
  random.batch_size = 12;
  random.sampler = std::make_shared<data::RandomSampler>(windows->size(), 12 * 250);

  // 8 rows; batch b + 1 goes on where b ended.
  const auto streams = std::make_shared<data::TokenStreams>(ids, 8, 64);
  data::DataLoader in_order(streams, streams->loader_options());

  CHECK(data::DataLoader(windows, random).batches() == 250);
  CHECK(in_order.batches() == (ids.numel() - 1) / 8 / 64);
  for (const data::Batch& batch : in_order) CHECK(batch.x.shape() == Shape{8, 64});
}

TEST_CASE("docs/data.md: genes") {
  std::size_t tested = 0;
  const std::vector<data::FastaRecord> records = data::draw_promoters(106);
  const std::vector<std::string> names = data::header_values(records, "label");
  const data::Categories kinds(names);
  data::GeneOptions genes;
  genes.strands = data::Strands::both;  // the reverse complements too
  const data::GeneDataset promoters(records, kinds.encode(names), genes);
  for (const data::Fold& fold : data::leave_one_out(106)) tested += fold.test.size();
  CHECK(tested == 106);
  CHECK(promoters.gather({211}).x.shape() == Shape{1, 4, 57});
}

TEST_CASE("docs/data.md: tables") {
  std::int64_t rows = 0;
  const data::Csv table = data::parse_csv(data::draw_table(300));
  data::TableOptions predicting;
  predicting.targets = {"label"};
  Generator split(1, Stream::split);
  for (const data::Fold& fold : data::k_fold(table.rows(), 10, split)) {
    const data::TableEncoding encoding(table, fold.train, predicting);
    const auto train = encoding.dataset(table, fold.train);
    const auto test = encoding.dataset(table, fold.test);
    rows += train->size() + test->size();
  }
  CHECK(rows == 3000);
}

TEST_CASE("docs/data.md: the best possible results") {
  CHECK(data::grammar_entropy() == doctest::Approx(0.459).epsilon(0.001));
  CHECK(data::promoter_bayes_error() == doctest::Approx(0.075).epsilon(0.01));
}

TEST_CASE("docs/data.md: files larger than memory") {
  const test::TemporaryFolder temporary;
  const std::string& folder = temporary.path();
  save_npy(folder + "/x.npy", Tensor::zeros({100, 7}));
  save_npy(folder + "/y.npy", Tensor::arange(100));
  std::int64_t rows = 0;
  const auto stored = std::make_shared<data::StoredDataset>(
      data::StoredRows::npy(folder + "/x.npy"), data::StoredRows::npy(folder + "/y.npy"));
  data::LoaderOptions ahead;
  ahead.shuffle = true;
  ahead.threads = 2;
  data::DataLoader batches(stored, ahead);
  for (const data::Batch& batch : batches) rows += batch.x.dim(0);
  CHECK(rows == 100);
}

TEST_CASE("docs/data.md: speech") {
  const test::TemporaryFolder temporary;
  const std::string& folder = temporary.path();
  for (const char* name : {"7_theo_12.wav", "7_theo_3.wav", "8_ann_0.wav"})
    temporary.write(name, test::wav(std::string(name[0] == '8' ? 1000 : 2000, '\1')));
  const auto recordings = data::list_recordings(folder);  // "7_theo_12.wav"
  const data::Clips clips = data::load_clips(recordings, {8000});
  data::ClipDelivery delivery;
  delivery.sound.speed = 0.15;
  delivery.masks.band_masks = 2;
  delivery.masks.band_width = 5;
  std::vector<std::int64_t> train, test;
  for (std::int64_t i = 0; i < clips.size(); ++i)
    (recordings[i].index < 5 ? test : train).push_back(i);
  data::Subset heard(std::make_shared<data::ClipDataset>(clips, delivery), train);
  data::Subset plain(std::make_shared<data::ClipDataset>(clips), test);
  const data::Batch padded = plain.gather({0, 1});  // x [2, frames, 40], lengths [2]
  CHECK(heard.size() == 1);
  CHECK(padded.x.shape() == Shape{2, 11, 40});
  CHECK(padded.lengths.to_vector<std::int64_t>() == std::vector<std::int64_t>{11, 5});
}

TEST_CASE("docs/data.md: its code is that of this file") {
  CHECK(test::code_missing_from("docs/data.md", {__FILE__}) == "");
}
