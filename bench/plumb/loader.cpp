// plumb's data loader.
#include <plumb/data.hpp>

#include "../shared/workloads.hpp"
#include "tensors.hpp"

using namespace plumb;

namespace {

double total(const Tensor& x) {
  double result = 0;
  for (const float value : x.to_vector<float>()) result += value;
  return result;
}

}  // namespace

namespace bench {

void loader(std::int64_t batch) {
  const std::vector<std::uint8_t> bytes = pixels();
  const std::int64_t n = static_cast<std::int64_t>(bytes.size()) / 784;
  const auto dataset = std::make_shared<data::TensorDataset>(Tensor::from(bytes, {n, 784}),
                                                             Tensor::from(labels(n, 10)));
  data::LoaderOptions options;
  options.batch_size = batch;
  options.drop_last = true;
  data::DataLoader in_order(dataset, options);
  check(total(in_order.begin()->x));

  options.shuffle = true;
  data::DataLoader shuffled(dataset, options);
  data::DataLoader::Iterator position = shuffled.begin();
  time([&] {
    ++position;
    if (position == shuffled.end()) position = shuffled.begin();
  });
}

}  // namespace bench
