#include "sampler.hpp"

#include "../core/runtime/internal/fail.hpp"
#include "dataset.hpp"

namespace plumb::data {
namespace {

std::int64_t not_negative(const char* operation, const char* name, std::int64_t count) {
  if (count < 0) fail(operation, name, " must not be negative, got ", count);
  return count;
}

}  // namespace

Generator Sampler::generator(std::uint64_t seed, std::int64_t epoch) {
  Generator random(seed, Stream::shuffle);
  random.set_position(static_cast<std::uint64_t>(epoch) << 32);
  return random;
}

SequentialSampler::SequentialSampler(std::int64_t samples)
    : samples_(not_negative("SequentialSampler", "samples", samples)) {}

std::vector<std::int64_t> SequentialSampler::order(std::uint64_t, std::int64_t) const {
  return all_indices(samples_);
}

std::string SequentialSampler::description() const { return text("sequential ", samples_); }

ShuffledSampler::ShuffledSampler(std::int64_t samples)
    : samples_(not_negative("ShuffledSampler", "samples", samples)) {}

std::vector<std::int64_t> ShuffledSampler::order(std::uint64_t seed, std::int64_t epoch) const {
  return generator(seed, epoch).permutation(samples_);
}

std::string ShuffledSampler::description() const { return text("shuffled ", samples_); }

RandomSampler::RandomSampler(std::int64_t samples, std::int64_t draws)
    : samples_(not_negative("RandomSampler", "samples", samples)),
      draws_(not_negative("RandomSampler", "draws", draws)) {
  if (draws > 0 && samples == 0) fail("RandomSampler", "there are no samples to draw from");
}

std::vector<std::int64_t> RandomSampler::order(std::uint64_t seed, std::int64_t epoch) const {
  Generator random = generator(seed, epoch);
  std::vector<std::int64_t> order(static_cast<std::size_t>(draws_));
  for (std::int64_t& index : order) index = random.below(samples_);
  return order;
}

std::string RandomSampler::description() const { return text("random ", draws_, " of ", samples_); }

}  // namespace plumb::data
