// load_fasta of a file that is not compressed, and what is made of its records.
#include <plumb/data/genes/bases.hpp>
#include <plumb/data/genes/gene_dataset.hpp>

#include "input.hpp"

using namespace plumb;

namespace {

// U comes back as T.
std::string with_t(std::string sequence) {
  for (char& letter : sequence)
    if (letter == 'U') letter = 'T';
  return sequence;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t count) {
  if (count > 0 && input[0] == 0x1f) return -1;  // gzip is the other target's
  const std::string path = fuzz::as_file(input, count);
  fuzz::refuse_or_load("load_fasta", [&] {
    const auto records = data::load_fasta(path);
    std::size_t held = 0;
    for (const data::FastaRecord& record : records) {
      held += 1 + record.name.size() + record.description.size() + record.sequence.size();
      fuzz::require(!record.sequence.empty());
      const std::string other = data::reverse_complement(record.sequence);
      fuzz::require(data::reverse_complement(other) == with_t(record.sequence));
      static_cast<void>(data::header_value(record, "label"));
    }
    fuzz::require(held <= count);
    data::GeneOptions options;
    options.layout = data::GeneLayout::steps;
    options.padding = 0;
    options.strands = data::Strands::both;
    const data::GeneDataset set(records, {}, options);
    fuzz::require(set.gather({set.size() - 1, 0}).x.dim(0) == 2);
  });
  return 0;
}
