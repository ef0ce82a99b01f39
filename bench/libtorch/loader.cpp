// libtorch's data loader, over a dataset that gathers whole batches: its fastest form.
#include "../shared/workloads.hpp"
#include "tensors.hpp"

namespace {

using Batch = torch::data::Example<>;

class Images
    : public torch::data::datasets::BatchDataset<Images, Batch, at::ArrayRef<std::size_t>> {
 public:
  Images(torch::Tensor x, torch::Tensor y) : x_(std::move(x)), y_(std::move(y)) {}

  Batch get_batch(at::ArrayRef<std::size_t> indices) override {
    const std::vector<std::int64_t> rows(indices.begin(), indices.end());
    const torch::Tensor index = torch::tensor(rows);
    return {x_.index_select(0, index).to(torch::kFloat).div_(255), y_.index_select(0, index)};
  }
  c10::optional<std::size_t> size() const override { return x_.size(0); }

 private:
  torch::Tensor x_, y_;
};

template <class Sampler>
auto load(const Images& images, std::int64_t batch) {
  return torch::data::make_data_loader<Sampler>(
      images, torch::data::DataLoaderOptions(batch).workers(0).drop_last(true));
}

}  // namespace

namespace bench {

void loader(std::int64_t batch) {
  std::vector<std::uint8_t> bytes = pixels();
  const std::int64_t n = static_cast<std::int64_t>(bytes.size()) / 784;
  const Images images(torch::from_blob(bytes.data(), {n, 784}, torch::kByte), label_tensor(n, 10));
  const auto in_order = load<torch::data::samplers::SequentialSampler>(images, batch);
  check(in_order->begin()->data.to(torch::kDouble).sum().item<double>());

  const auto shuffled = load<torch::data::samplers::RandomSampler>(images, batch);
  auto position = shuffled->begin();
  time([&] {
    ++position;
    if (position == shuffled->end()) position = shuffled->begin();
  });
}

}  // namespace bench
