// A small training run with something of everything that has state.
#pragma once

#include <memory>
#include <plumb/plumb.hpp>

namespace plumb::test {

/// Random images of 8x8 in three classes.
inline std::shared_ptr<const data::Dataset> small_images() {
  Generator generator(3, Stream::data);
  Tensor x = Tensor::empty({46, 1, 8, 8}), y = Tensor::empty({46}, DType::int64);
  generator.fill_normal(x);
  for (std::int64_t i = 0; i < 46; ++i) y.mutable_data<std::int64_t>()[i] = generator.below(3);
  return std::make_shared<data::TensorDataset>(x, y);
}

/// Convolution, running means, dropout, a debiased average, a schedule, averaged weights, shuffled
/// batches (the last one short).
struct Run {
  explicit Run(int loader_threads) : loader(small_images(), options(loader_threads)) {
    checkpoint.add("model", model);
    checkpoint.add("optimizer", optimizer);
    checkpoint.add("schedule", schedule);
    checkpoint.add("average", average);
    checkpoint.add("loader", loader);
    checkpoint.add("noise", noise);
    checkpoint.track("step", step);
    checkpoint.track("loss", loss);
  }

  static data::LoaderOptions options(int threads) {
    data::LoaderOptions options;
    options.batch_size = 10;
    options.shuffle = true;
    options.seed = 4;
    options.threads = threads;
    return options;
  }

  /// Trains until `last` steps have been done in all, through as many epochs as that takes.
  void train(std::int64_t last) {
    while (step < last)
      for (const data::Batch& batch : loader) {
        Tensor jitter = Tensor::empty(batch.x.shape());
        noise.fill_normal(jitter, 0, 0.1);
        const Variable batch_loss = nn::cross_entropy(model(batch.x + jitter), batch.y);
        optimizer.zero_grad();
        batch_loss.backward();
        optimizer.step();
        schedule.step();
        average.update();
        loss += batch_loss.item();
        if (++step == last) return;
      }
  }

  Generator generator{1};
  Generator noise{2, Stream::augmentation};
  nn::Sequential model{
      nn::Conv2d(1, 2, 3, generator),     nn::BatchNorm2d(2),          nn::ReLU(), nn::Flatten(),
      nn::Dropout(0.3, generator.fork()), nn::Linear(72, 3, generator)};
  optim::SGD optimizer{model.parameters(), optim::SGD::debiased(0.1, 0.9)};
  optim::Schedule schedule{optimizer, optim::curve::warm_up(4, optim::curve::cosine(40))};
  optim::WeightAverage average = optim::WeightAverage::debiased(model.parameters(), 0.9);
  data::DataLoader loader;
  std::int64_t step = 0;
  double loss = 0;
  Checkpoint checkpoint;
};

}  // namespace plumb::test
