#include "planted_promoters.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "../../core/runtime/floating_point.hpp"
#include "../../core/runtime/internal/fail.hpp"
#include "../../core/runtime/random.hpp"
#include "internal/nucleotides.hpp"

namespace plumb::data {
namespace {

constexpr int length = 57;
constexpr int box_length = 6;
constexpr std::array<char, 4> bases = {'A', 'C', 'G', 'T'};

// A box, and how probable each of its letters is.
struct Box {
  const char* letters;
  std::array<double, box_length> conserved;
};
constexpr Box first_box = {"TTGACA", {0.82, 0.84, 0.78, 0.65, 0.54, 0.45}};
constexpr Box second_box = {"TATAAT", {0.80, 0.95, 0.45, 0.60, 0.50, 0.96}};

// Letters between the boxes, and where the second begins (all places alike).
struct Spacer {
  int letters;
  double probability;
};
constexpr std::array<Spacer, 3> spacers = {{{16, 0.25}, {17, 0.5}, {18, 0.25}}};
constexpr int first_place = 36, places = 5;

// A sequence takes 18 blocks of random numbers at most.
constexpr int blocks = 32;
constexpr std::int64_t most = std::int64_t{1} << 47;

struct Drawn {
  std::array<char, length> letters;
  bool promoter;
};

void plant(const Box& box, char* at, Generator& random) {
  for (int i = 0; i < box_length; ++i) {
    const int wanted = detail::base_number(detail::base_set(box.letters[i]));
    const double p = box.conserved[static_cast<std::size_t>(i)];
    const double u = random.uniform();
    // Above p, the other three share the rest.
    const int other = std::min(2, static_cast<int>((u - p) / (1 - p) * 3));
    const int base = u < p ? wanted : other + (other >= wanted ? 1 : 0);
    at[i] = bases[static_cast<std::size_t>(base)];
  }
}

Drawn draw(std::uint64_t seed, std::int64_t index) {
  Generator random(seed, Stream::data);
  random.set_position(static_cast<std::uint64_t>(index) * blocks);
  Drawn drawn{};
  std::uint64_t bits = 0;
  for (int i = 0; i < length; ++i, bits >>= 2) {
    if (i % 32 == 0) bits = random.next();
    drawn.letters[static_cast<std::size_t>(i)] = bases[bits & 3];
  }
  drawn.promoter = (random.next() & 1) != 0;
  if (!drawn.promoter) return drawn;
  const int place = first_place + static_cast<int>(random.below(places));
  const double u = random.uniform();
  const int spacer = u < 0.25 ? 16 : u < 0.75 ? 17 : 18;
  plant(second_box, drawn.letters.data() + place, random);
  plant(first_box, drawn.letters.data() + place - spacer - box_length, random);
  return drawn;
}

// How much more probable these letters are as the box than as random ones.
double ratio(const Box& box, const char* letters) {
  double product = 1;
  for (int i = 0; i < box_length; ++i) {
    const double p = box.conserved[static_cast<std::size_t>(i)];
    product *= 4 * (letters[i] == box.letters[i] ? p : (1 - p) / 3);
  }
  return product;
}

double probability(const char* letters) {
  double sum = 0;
  for (int place = first_place; place < first_place + places; ++place) {
    double before = 0;
    for (const Spacer& spacer : spacers)
      before +=
          spacer.probability * ratio(first_box, letters + place - spacer.letters - box_length);
    sum += before * ratio(second_box, letters + place) / places;
  }
  return sum / (1 + sum);
}

}  // namespace

std::vector<FastaRecord> draw_promoters(std::int64_t count, const PromoterOptions& options) {
  constexpr const char* operation = "draw_promoters";
  const plumb::detail::FloatingPointMode mode;
  if (count < 0) fail(operation, "count must not be negative, got ", count);
  if (options.first_index < 0)
    fail(operation, "first_index must not be negative, got ", options.first_index);
  if (options.first_index > most || count > most - options.first_index)
    fail(operation, "indices must stay below 2^47, got ", count, " from ", options.first_index);
  std::vector<FastaRecord> records;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t index = options.first_index + i;
    const Drawn drawn = draw(options.seed, index);
    records.push_back({text("planted", index), drawn.promoter ? "label=promoter" : "label=none",
                       std::string(drawn.letters.begin(), drawn.letters.end())});
  }
  return records;
}

double promoter_probability(std::string_view sequence) {
  constexpr const char* operation = "promoter_probability";
  const plumb::detail::FloatingPointMode mode;
  if (sequence.size() != length)
    fail(operation, "expected ", length, " letters, got ",
         static_cast<std::int64_t>(sequence.size()));
  for (const char letter : sequence)
    if (std::find(bases.begin(), bases.end(), letter) == bases.end())
      fail(operation, "expected letters out of A, C, G, T, got '", std::string_view(&letter, 1),
           "'");
  return probability(sequence.data());
}

double promoter_bayes_error(std::int64_t samples) {
  const plumb::detail::FloatingPointMode mode;
  if (samples < 1) fail("promoter_bayes_error", "there must be at least 1 sample, got ", samples);
  constexpr std::uint64_t seed = 0x626179657321;  // of nobody's data
  double sum = 0;
  for (std::int64_t i = 0; i < samples; ++i) {
    const Drawn drawn = draw(seed, i);
    const double p = probability(drawn.letters.data());
    sum += std::min(p, 1 - p);
  }
  return sum / static_cast<double>(samples);
}

}  // namespace plumb::data
