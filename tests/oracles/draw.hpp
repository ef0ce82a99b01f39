// What the tests against oracles share: random problems, and memory that holds no zeros by chance.
#pragma once

#include <plumb/core/runtime/random.hpp>
#include <plumb/core/tensor/tensor.hpp>
#include <vector>

namespace plumb::test {

/// Random sizes and values; the same for the same seed.
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : generator_(seed, Stream::data) {}

  /// Uniform, both ends included.
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + generator_.below(high - low + 1);
  }
  bool chance(int percent) { return between(1, 100) <= percent; }
  /// One of a few.
  template <class T>
  T of(const std::vector<T>& few) {
    return few[static_cast<std::size_t>(between(0, static_cast<std::int64_t>(few.size()) - 1))];
  }
  /// A size up to `most`: often one beside a number by which kernels cut their work.
  std::int64_t size(std::int64_t most);
  /// Sizes whose product is at most `elements`.
  Shape shape(int rank, std::int64_t elements);
  /// Uniform in [low, high), rounded to float32 whatever the dtype: float32 and float64 then stand
  /// for the same problem.
  Tensor values(const Shape& shape, DType dtype, double low = -1, double high = 1);
  DType floating() { return chance(50) ? DType::float32 : DType::float64; }

 private:
  Generator generator_;
};

/// A fixture: while it lives, every block comes fresh from malloc and full of large numbers, so that
/// an element that nobody wrote does not pass for a 0.
class FreshMemory {
 public:
  FreshMemory();
  ~FreshMemory();
  FreshMemory(const FreshMemory&) = delete;
  FreshMemory& operator=(const FreshMemory&) = delete;
};

/// A deviation (compare.hpp) that rounding does not reach where sums have at most a few thousand
/// terms.
double tolerance(DType dtype);

}  // namespace plumb::test
