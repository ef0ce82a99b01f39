#include "bucket_sampler.hpp"

#include <algorithm>
#include <utility>

#include "../core/runtime/internal/fail.hpp"
#include "internal/fingerprint.hpp"

namespace plumb::data {
namespace {
constexpr const char* operation = "BucketSampler";
}

BucketSampler::BucketSampler(std::vector<std::int64_t> lengths, std::int64_t batch_size,
                             std::int64_t pool)
    : lengths_(std::move(lengths)), batch_size_(batch_size), pool_(pool) {
  if (batch_size < 1) fail(operation, "batch_size must be at least 1, got ", batch_size);
  if (pool < 1) fail(operation, "a pool must have at least 1 batch, got ", pool);
  for (std::size_t i = 0; i < lengths_.size(); ++i)
    if (lengths_[i] < 0)
      fail(operation, "the length of sample ", static_cast<std::int64_t>(i),
           " is negative: ", lengths_[i]);
}

std::vector<std::int64_t> BucketSampler::order(std::uint64_t seed, std::int64_t epoch) const {
  Generator random = generator(seed, epoch);
  const std::vector<std::int64_t> samples = [&] {
    std::vector<std::int64_t> shuffled = random.permutation(size());
    const std::int64_t step = pool_ > size() / batch_size_ ? size() : pool_ * batch_size_;
    for (std::int64_t begin = 0; begin < size(); begin += step)
      std::stable_sort(shuffled.begin() + begin, shuffled.begin() + std::min(size(), begin + step),
                       [&](std::int64_t a, std::int64_t b) {
                         return lengths_[static_cast<std::size_t>(a)] <
                                lengths_[static_cast<std::size_t>(b)];
                       });
    return shuffled;
  }();
  std::vector<std::int64_t> order;
  order.reserve(samples.size());
  const std::int64_t whole = size() / batch_size_;
  for (const std::int64_t batch : random.permutation(whole))
    order.insert(order.end(), samples.begin() + batch * batch_size_,
                 samples.begin() + (batch + 1) * batch_size_);
  order.insert(order.end(), samples.begin() + whole * batch_size_, samples.end());
  return order;
}

std::string BucketSampler::description() const {
  detail::Fingerprint fingerprint;
  for (const std::int64_t length : lengths_) fingerprint.add(length);
  return text("buckets of ", batch_size_, " in pools of ", pool_, " from ", size(), ", lengths ",
              fingerprint.value());
}

}  // namespace plumb::data
