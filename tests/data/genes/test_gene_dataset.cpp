#include <doctest/doctest.h>

#include <plumb/data.hpp>

#include "../support.hpp"

using namespace plumb;
using plumb::data::GeneLayout;
using plumb::test::contains;
using plumb::test::error_of;

namespace {

using Ids = std::vector<std::int64_t>;

std::vector<data::FastaRecord> records(const std::vector<std::string>& sequences) {
  std::vector<data::FastaRecord> result;
  for (const std::string& sequence : sequences) result.push_back({"r", "", sequence});
  return result;
}

data::GeneOptions in(GeneLayout layout) {
  data::GeneOptions options;
  options.layout = layout;
  return options;
}

}  // namespace

TEST_CASE("reverse_complement: every letter of IUPAC, twice gives the sequence back") {
  CHECK(data::reverse_complement("AACGT") == "ACGTT");
  CHECK(data::reverse_complement("acgu") == "ACGT");
  // Read backwards, the partners of T, V, H, D, B, M, K, W, S, R, Y, N, C, G, A.
  CHECK(data::reverse_complement("AGCNRYSWKMBDHVT") == "ABDHVKMWSRYNGCT");
  const std::string all = "ACGTRYSWKMBDHVN";
  CHECK(data::reverse_complement(data::reverse_complement(all)) == all);
  CHECK(data::reverse_complement("").empty());
  CHECK(error_of([] { data::reverse_complement("ACX"); }) ==
        "[reverse_complement] letter 2, 'X', is no nucleotide");
}

TEST_CASE("one_hot_bases: a row for each base, letters for several share their one") {
  const Tensor x = data::one_hot_bases("ACgtNRB", DType::float64);
  const double third = 1.0 / 3;
  CHECK(x.shape() == Shape{4, 7});
  CHECK(x.to_vector<double>() == std::vector<double>{1, 0, 0, 0, 0.25, 0.5, 0,      //
                                                     0, 1, 0, 0, 0.25, 0,   third,  //
                                                     0, 0, 1, 0, 0.25, 0.5, third,  //
                                                     0, 0, 0, 1, 0.25, 0,   third});
  const Tensor sums = data::one_hot_bases("ACGTURYSWKMBDHVN");
  for (std::int64_t i = 0; i < 16; ++i)
    CHECK(sums.at({0, i}) + sums.at({1, i}) + sums.at({2, i}) + sums.at({3, i}) ==
          doctest::Approx(1).epsilon(1e-7));
  CHECK(contains(error_of([] { data::one_hot_bases("A", DType::int64); }), "got int64"));
  CHECK(contains(error_of([] { data::one_hot_bases("A?"); }), "letter 1, '?'"));
}

TEST_CASE("k_mers: numbers in base 4, one more for what is not clear") {
  CHECK(data::k_mers("ACGT", 1).to_vector<std::int64_t>() == Ids{0, 1, 2, 3});
  CHECK(data::k_mers("acgt", 2).to_vector<std::int64_t>() == Ids{1, 6, 11});
  CHECK(data::k_mers("TTTT", 4).to_vector<std::int64_t>() == Ids{255});
  CHECK(data::k_mers("AACNACG", 2).to_vector<std::int64_t>() == Ids{0, 1, 16, 16, 1, 6});
  CHECK(data::k_mers(std::string(15, 'T'), 15).item() == (1 << 30) - 1);
  CHECK(error_of([] { data::k_mers("ACG", 4); }) ==
        "[k_mers] a sequence of 3 letters has no words of 4");
  CHECK(error_of([] { data::k_mers("ACG", 0); }) == "[k_mers] k must be in [1, 15], got 0");
  CHECK(contains(error_of([] { data::k_mers(std::string(20, 'A'), 16); }), "got 16"));
}

TEST_CASE("GeneDataset: channels, steps and words of the same sequences") {
  const Tensor labels = Tensor::from<std::uint8_t>({1, 0, 2});
  const std::vector<std::string> sequences = {"ACGT", "NNAA", "TTCG"};
  const data::GeneDataset channels(records(sequences), labels),
      steps(records(sequences), labels, in(GeneLayout::steps)),
      words(records(sequences), labels, in(GeneLayout::words));
  CHECK(channels.size() == 3);
  const data::Batch a = channels.gather({2, 0}), b = steps.gather({2, 0}), c = words.gather({2, 0});
  CHECK(a.x.shape() == Shape{2, 4, 4});
  CHECK(b.x.shape() == Shape{2, 4, 4});
  CHECK(a.y.to_vector<std::int64_t>() == Ids{2, 1});
  const Ids order = {2, 0};
  for (std::int64_t i = 0; i < 2; ++i) {
    const std::string& sequence = sequences[static_cast<std::size_t>(order[i])];
    const Tensor one_hot = data::one_hot_bases(sequence);
    for (std::int64_t base = 0; base < 4; ++base)
      for (std::int64_t letter = 0; letter < 4; ++letter) {
        CHECK(a.x.at({i, base, letter}) == one_hot.at({base, letter}));
        CHECK(b.x.at({i, letter, base}) == one_hot.at({base, letter}));
      }
    for (std::int64_t word = 0; word < 2; ++word)
      CHECK(c.x.at({i, word}) == data::k_mers(sequence, 3).at({word}));
  }
  CHECK(!b.lengths.defined());
  CHECK(!data::GeneDataset(records({"A"})).gather({0}).y.defined());
}

TEST_CASE("GeneDataset: both strands, the other behind the given ones") {
  const std::vector<std::string> sequences = {"ACGTT", "NNAAC"};
  for (const GeneLayout layout : {GeneLayout::channels, GeneLayout::steps, GeneLayout::words}) {
    data::GeneOptions options = in(layout);
    const data::GeneDataset given(
        records({data::reverse_complement(sequences[0]), data::reverse_complement(sequences[1])}),
        Tensor::from(Ids{5, 6}), options);
    options.strands = data::Strands::both;
    const data::GeneDataset both(records(sequences), Tensor::from(Ids{5, 6}), options);
    REQUIRE(both.size() == 4);
    const data::Batch expected = given.gather({1, 0}), got = both.gather({3, 2});
    CHECK(to_string(got.x) == to_string(expected.x));
    CHECK(got.y.to_vector<std::int64_t>() == Ids{6, 5});
    CHECK(both.lengths().size() == 4);
  }
}

TEST_CASE("GeneDataset: unlike lengths are padded where a value is named, otherwise refused") {
  const auto uneven = records({"ACGT", "AC"});
  data::GeneOptions steps = in(GeneLayout::steps), words = in(GeneLayout::words);
  words.k = 2;
  CHECK(error_of([&] { data::GeneDataset(uneven, {}, steps); }) ==
        "[GeneDataset] sample 0 has 4 steps, sample 1 2; name a value to pad with");
  CHECK(error_of([&] { data::GeneDataset(uneven, {}, in(GeneLayout::channels)); }) ==
        "[GeneDataset] sample 0 has 4 steps, sample 1 2; channels need one length");
  steps.padding = 0;
  words.padding = 17;
  const data::Batch a = data::GeneDataset(uneven, {}, steps).gather({0, 1});
  CHECK(a.x.shape() == Shape{2, 4, 4});
  CHECK(a.lengths.to_vector<std::int64_t>() == Ids{4, 2});
  CHECK(a.x.at({1, 1, 1}) == 1);
  for (std::int64_t base = 0; base < 4; ++base) CHECK(a.x.at({1, 2, base}) == 0);
  const data::Batch b = data::GeneDataset(uneven, {}, words).gather({1, 0});
  CHECK(b.x.to_vector<std::int64_t>() == Ids{1, 17, 17, 1, 6, 11});
  CHECK(b.lengths.to_vector<std::int64_t>() == Ids{1, 3});
  data::GeneOptions channels;
  channels.padding = 0;
  CHECK(contains(error_of([&] { data::GeneDataset(uneven, {}, channels); }),
                 "channels are not padded"));
}

TEST_CASE("GeneDataset: refuses what makes no samples") {
  CHECK(contains(error_of([] { data::GeneDataset(records({})); }), "there are no records"));
  CHECK(error_of([] {
          data::GeneDataset(records({"A", "C"}), Tensor::arange(3));
        }) == "[GeneDataset] expected labels [2] of int64 or uint8, got [3] of int64");
  CHECK(contains(error_of([] { data::GeneDataset(records({"A"}), Tensor::zeros({1})); }),
                 "got [1] of float32"));
  CHECK(contains(error_of([] { data::GeneDataset(records({"AB!"})); }), "letter 2, '!'"));
  CHECK(contains(error_of([] { data::GeneDataset(records({"AC"}), {}, in(GeneLayout::words)); }),
                 "a sequence of 2 letters has no words of 3"));
  CHECK(contains(error_of([] { data::GeneDataset(records({"AC"})).gather({1}); }), "[0, 1)"));
}
