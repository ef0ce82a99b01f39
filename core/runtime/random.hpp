// Counter-based random numbers: the value at a position is a pure function of seed and stream.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace plumb {

class StateDict;
class Tensor;

/// Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"): four random
/// words from a 64-bit key and a 128-bit counter.
std::array<std::uint32_t, 4> philox(std::uint64_t key, std::uint64_t counter_low,
                                    std::uint64_t counter_high);

/// What a stream of random numbers is for. Streams of one seed are independent, so adding dropout
/// to a model does not change how it is shuffled.
enum class Stream : std::uint64_t { init, shuffle, dropout, augmentation, split, data };

/// A stream of random numbers. Copying it copies the position: both then give the same numbers.
/// The values do not depend on the number of threads.
class Generator {
 public:
  explicit Generator(std::uint64_t seed, Stream stream = Stream::init)
      : Generator(seed, static_cast<std::uint64_t>(stream)) {}
  /// Any other stream number; 0 to 5 are those of Stream.
  Generator(std::uint64_t seed, std::uint64_t stream) : seed_(seed), stream_(stream) {}

  /// A generator whose numbers are independent of this one's and of every other fork's. Advances
  /// this one by a block.
  Generator fork();

  std::uint64_t next();                    ///< 64 random bits.
  double uniform();                        ///< In [0, 1), multiples of 2^-53.
  double normal();                         ///< Mean 0, standard deviation 1 (Box-Muller).
  std::int64_t below(std::int64_t bound);  ///< Uniform in [0, bound), without bias; bound >= 1.
  /// 0, ..., n - 1 in random order (Fisher-Yates).
  std::vector<std::int64_t> permutation(std::int64_t n);

  /// Fills a float32 or float64 tensor, uniform in [low, high). Throws unless low <= high, both finite.
  void fill_uniform(Tensor& x, double low = 0, double high = 1);
  /// Fills a float32 or float64 tensor with normal values. Throws unless both are finite, deviation >= 0.
  void fill_normal(Tensor& x, double mean = 0, double deviation = 1);

  std::uint64_t seed() const { return seed_; }
  std::uint64_t stream() const { return stream_; }
  /// Blocks of four words taken so far. With seed and stream it is the whole state.
  std::uint64_t position() const { return position_; }
  void set_position(std::uint64_t position) { position_ = position; }
  /// Seed, stream and position, to be saved.
  StateDict state_dict() const;
  /// Becomes the generator that was saved. Throws, changing nothing, when an entry is missing.
  void load_state_dict(const StateDict& state);

 private:
  std::array<std::uint32_t, 4> block() { return philox(seed_, position_++, stream_); }

  std::uint64_t seed_;
  std::uint64_t stream_;
  std::uint64_t position_ = 0;
};

}  // namespace plumb
