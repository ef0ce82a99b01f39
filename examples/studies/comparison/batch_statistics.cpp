#include "batch_statistics.hpp"

#include <plumb/core.hpp>

namespace comparison {

using namespace plumb;

BatchStatistics::BatchStatistics(nn::Layer& model, const Task& task) {
  for (const nn::Buffer& buffer : model.buffers()) {
    const Tensor& value = buffer.variable.value();
    buffers_.push_back({buffer.variable, value, value.clone()});
  }
  for (const nn::NamedGenerator& stream : model.generators())
    streams_.emplace_back(stream.generator, *stream.generator);
  const NoGrad no_grad;
  constexpr std::int64_t batches = 40, size = 64;  // 0.9^40 is left of what was there
  for (std::int64_t i = 0; i < batches; ++i) {
    std::vector<std::int64_t> indices(size);
    for (std::int64_t k = 0; k < size; ++k)
      indices[static_cast<std::size_t>(k)] = (i * size + k) % task.train->size();
    const data::Batch batch = task.train->gather(indices);
    model(batch.x, batch.lengths);
  }
}

BatchStatistics::~BatchStatistics() {
  for (Kept& each : buffers_) {
    each.value.copy_from(each.before);
    if (!each.buffer.value().same_as(each.value)) each.buffer.set_value(each.value);
  }
  for (auto& [stream, before] : streams_) *stream = before;
}

}  // namespace comparison
