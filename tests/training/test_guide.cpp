#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <plumb/plumb.hpp>
#include <string>
#include <vector>

#include "../support/document.hpp"
#include "../support/temporary_folder.hpp"

using namespace plumb;

namespace {

// The current folder is one with the files of the guide while it lives.
class InGuideFolder {
 public:
  InGuideFolder() : before_(std::filesystem::current_path()) {
    const std::string script = std::string(PLUMB_SOURCE_DIR) + "/tests/support/guide_files.py";
    REQUIRE(std::system((script + " " + folder_.path()).c_str()) == 0);
    std::filesystem::current_path(folder_.path());
  }
  ~InGuideFolder() { std::filesystem::current_path(before_); }

 private:
  test::TemporaryFolder folder_;
  std::filesystem::path before_;
};

}  // namespace

TEST_CASE("docs/guide.md: programs of one's own") {
  const InGuideFolder folder;
  Generator generator(1);

  const data::TextParts parts = data::split_text(data::load_text("book.txt"));
  data::Vocabulary characters(parts.train);
  auto windows = std::make_shared<data::TokenWindows>(characters.encode(parts.train), 16);
  data::LoaderOptions draws;
  draws.batch_size = 8;
  draws.sampler = std::make_shared<data::RandomSampler>(windows->size(), 80);  // in an epoch
  data::DataLoader texts(windows, draws);

  nn::Sequential writer{nn::Embedding(characters.size(), 32, generator),
                        nn::LSTM(32, 64, generator), nn::Linear(64, characters.size(), generator)};
  for (const data::Batch& batch : texts)
    nn::token_cross_entropy(writer(batch.x), batch.y).backward();  // and a step of an optimizer
  CHECK(texts.batches() == 10);
  for (const Parameter& parameter : writer.parameters()) CHECK(parameter.variable.grad().defined());

  const data::Clips clips = data::load_clips(data::list_recordings("words"), {8000});
  data::DataLoader spoken(std::make_shared<data::ClipDataset>(clips));
  nn::Sequential listener{nn::GRU(40, 32, generator), nn::LastStep(), nn::Linear(32, 2, generator)};
  for (const data::Batch& batch : spoken)
    nn::cross_entropy(listener(batch.x, batch.lengths), batch.y).backward();
  CHECK(clips.size() == 16);
  for (const Parameter& parameter : listener.parameters())
    CHECK(parameter.variable.grad().defined());

  const std::vector<data::FastaRecord> records = data::load_fasta("genes.fasta");
  const std::vector<std::string> labels = data::header_values(records, "class");
  const data::Categories kinds(labels);
  const Tensor y = kinds.encode(labels);
  auto genes = std::make_shared<data::GeneDataset>(records, y);  // x [n, 4, letters]
  CHECK(genes->gather({0, 1, 2}).x.shape() == Shape{3, 4, 30});

  const data::Csv cells = data::load_csv("cells.csv");
  data::TableOptions columns;
  columns.targets = {"kind"};
  columns.missing = data::Missing::fill;
  const data::TableEncoding encoding(cells, columns);
  auto rows = encoding.dataset(cells);  // x [n, features], y [n]
  CHECK(rows->x().shape() == Shape{60, 3});
}

TEST_CASE("docs/guide.md: its code is that of this file") {
  CHECK(test::code_missing_from("docs/guide.md", {__FILE__}) == "");
}
