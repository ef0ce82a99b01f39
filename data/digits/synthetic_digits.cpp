#include "synthetic_digits.hpp"

#include "../../core/runtime/internal/fail.hpp"
#include "../../core/runtime/parallel.hpp"
#include "internal/handwriting.hpp"

namespace plumb::data {
namespace {

constexpr const char* operation = "SyntheticDigits";
constexpr std::int64_t side = 28;
constexpr std::int64_t most = std::int64_t{1} << 47;

void check(std::int64_t count, const DigitOptions& options) {
  if (count < 0) fail(operation, "count must not be negative, got ", count);
  if (!(options.difficulty >= 0 && options.difficulty <= 1))
    fail(operation, "difficulty must be in [0, 1], got ", options.difficulty);
  if (options.first_index < 0)
    fail(operation, "first_index must not be negative, got ", options.first_index);
  if (options.first_index > most || count > most - options.first_index)
    fail(operation, "indices must stay below 2^47, got ", count, " from ", options.first_index);
}

LabelledImages empty_images(std::int64_t count) {
  return {Tensor::empty({count, side, side}, DType::uint8), Tensor::empty({count}, DType::uint8)};
}

// Draws sample `index` as number i of the set. images and labels are of empty_images.
void draw(std::int64_t index, const DigitOptions& options, std::int64_t i, std::uint8_t* images,
          std::uint8_t* labels) {
  labels[i] = static_cast<std::uint8_t>(detail::draw_digit(
      options.seed, options.first_index + index, options.difficulty, images + i * side * side));
}

}  // namespace

LabelledImages draw_digits(std::int64_t count, const DigitOptions& options) {
  check(count, options);
  LabelledImages set = empty_images(count);
  std::uint8_t* images = set.images.mutable_data<std::uint8_t>();
  std::uint8_t* labels = set.labels.mutable_data<std::uint8_t>();
  constexpr std::int64_t grain = 64;
  parallel_for(count, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) draw(i, options, i, images, labels);
  });
  return set;
}

SyntheticDigits::SyntheticDigits(std::int64_t count, const DigitOptions& options,
                                 const DigitDelivery& delivery)
    : count_(count), options_(options), delivery_(delivery) {
  check(count, options);
  delivery.scaling.check(operation);
  if (delivery.cached)
    drawn_ = draw_digits(count, options).dataset(delivery.layout, delivery.scaling);
}

Batch SyntheticDigits::gather(Indices indices) const {
  indices.check(operation, count_);
  if (drawn_) return drawn_->gather(indices);
  // On the calling thread: loader threads are the way to draw several batches at once.
  LabelledImages set = empty_images(indices.size());
  std::uint8_t* images = set.images.mutable_data<std::uint8_t>();
  std::uint8_t* labels = set.labels.mutable_data<std::uint8_t>();
  std::vector<std::int64_t> all(static_cast<std::size_t>(indices.size()));
  for (std::int64_t i = 0; i < indices.size(); ++i) {
    draw(indices[i], options_, i, images, labels);
    all[i] = i;
  }
  return set.dataset(delivery_.layout, delivery_.scaling)->gather(all);
}

}  // namespace plumb::data
