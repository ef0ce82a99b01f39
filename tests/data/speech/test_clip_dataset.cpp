#include <doctest/doctest.h>

#include <memory>
#include <plumb/core/tensor/hash.hpp>
#include <plumb/data.hpp>
#include <set>

#include "../../support/errors.hpp"
#include "../../support/random.hpp"

using namespace plumb;
using data::Batch;
using data::ClipDataset;
using data::ClipDelivery;
using data::Clips;
using test::error_of;

namespace {

Clips clips(const std::vector<std::int64_t>& lengths) {
  Clips result;
  result.rate = 8000;
  result.classes = {"a", "b"};
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    result.sounds.push_back(test::normal({lengths[i]}, DType::float32, i + 1));
    result.labels.push_back(static_cast<std::int64_t>(i % 2));
  }
  return result;
}

ClipDelivery changing() {
  ClipDelivery delivery;
  delivery.sound.noise = 0.1;
  delivery.masks.band_masks = 1;
  delivery.masks.band_width = 10;
  return delivery;
}

std::uint64_t bits(const Batch& batch) { return hash(batch.lengths, hash(batch.y, hash(batch.x))); }

}  // namespace

TEST_CASE("ClipDataset: features alone and in a batch, silence behind the shorter") {
  const Clips some = clips({1000, 450, 0});
  const ClipDataset dataset(some);
  CHECK(dataset.size() == 3);
  CHECK(dataset.lengths() == std::vector<std::int64_t>{11, 5, 0});
  const LogMel mel;
  const Batch batch = dataset.gather({1, 0, 2});
  CHECK(batch.x.shape() == Shape{3, 11, 40});
  CHECK(batch.y.to_vector<std::int64_t>() == std::vector<std::int64_t>{1, 0, 0});
  CHECK(batch.lengths.to_vector<std::int64_t>() == std::vector<std::int64_t>{5, 11, 0});
  const Tensor shorter = batch.x.rows(0, 1).reshape({11, 40});
  CHECK(hash(shorter.rows(0, 5).clone()) == hash(mel(some.sounds[1])));
  for (std::int64_t t = 5; t < 11; ++t)
    CHECK(hash(shorter.rows(t, t + 1).reshape({40})) == hash(mel.silence()));
  CHECK(hash(dataset.gather({1}).x.reshape({5, 40})) == hash(mel(some.sounds[1])));
  CHECK(dataset.gather({2}).x.shape() == Shape{1, 1, 40});
  CHECK(dataset.gather({}).x.shape() == Shape{0, 1, 40});
}

TEST_CASE("ClipDataset: an epoch's changes are a function of seed, epoch and sample") {
  const auto dataset = std::make_shared<ClipDataset>(clips({1000, 450, 700}), changing());
  const Batch alone = dataset->gather_in_epoch({1}, 3);
  CHECK(bits(alone) == bits(dataset->gather_in_epoch({1}, 3)));
  CHECK(bits(alone) != bits(dataset->gather_in_epoch({1}, 4)));
  CHECK(bits(dataset->gather({1})) == bits(ClipDataset(clips({1000, 450, 700})).gather({1})));
  const Batch both = dataset->gather_in_epoch({0, 1}, 3);
  CHECK(hash(both.x.rows(1, 2).reshape({11, 40}).rows(0, 5).clone()) ==
        hash(alone.x.reshape({5, 40})));
  ClipDelivery other = changing();
  other.seed = 1;
  CHECK(bits(alone) != bits(ClipDataset(clips({1000, 450, 700}), other).gather_in_epoch({1}, 3)));
}

TEST_CASE(
    "DataLoader: an augmenting dataset sees the epoch, threads, parts and a resumed run too") {
  const auto clip_set = std::make_shared<ClipDataset>(clips({1000, 450, 700, 300}), changing());
  const auto joined =
      std::make_shared<data::Concatenation>(std::vector<std::shared_ptr<const data::Dataset>>{
          std::make_shared<data::Subset>(clip_set, std::vector<std::int64_t>{2, 0})});
  const auto run = [&](int threads) {
    data::LoaderOptions options;
    options.batch_size = 1;
    options.shuffle = true;
    options.threads = threads;
    return data::DataLoader(joined, options);
  };
  std::vector<std::uint64_t> all;
  data::DataLoader loader = run(0);
  StateDict middle;
  for (int epoch = 0; epoch < 2; ++epoch)
    for (const Batch& batch : loader) {
      all.push_back(bits(batch));
      if (all.size() == 3) middle = loader.state_dict();
    }
  REQUIRE(all.size() == 4);
  CHECK(std::set<std::uint64_t>(all.begin(), all.end()).size() == 4);
  std::vector<std::uint64_t> threaded;
  data::DataLoader other = run(2);
  for (int epoch = 0; epoch < 2; ++epoch)
    for (const Batch& batch : other) threaded.push_back(bits(batch));
  CHECK(threaded == all);
  data::DataLoader resumed = run(0);
  resumed.load_state_dict(middle);
  for (const Batch& batch : resumed) CHECK(bits(batch) == all[3]);
}

TEST_CASE("ClipDataset: what does not fit is named") {
  const auto refusal = [](const Clips& some, const ClipDelivery& delivery = {}) {
    return error_of([&] { ClipDataset(some, delivery); });
  };
  Clips some = clips({500, 500});
  some.labels[1] = 2;
  CHECK(refusal(some) == "[ClipDataset] label 2 of sound 1 is out of range [0, 2)");
  some.labels.pop_back();
  CHECK(refusal(some) == "[ClipDataset] there are 2 sounds and 1 labels");
  some = clips({500});
  some.rate = 16000;
  CHECK(refusal(some) ==
        "[ClipDataset] the clips are sampled at 16000 Hz, the features are of 8000 Hz");
  some = clips({500});
  some.sounds[0] = Tensor::zeros({5}, DType::float64);
  CHECK(refusal(some) == "[ClipDataset] sound 0 is float64 [5], expected float32 [n]");
  ClipDelivery delivery;
  delivery.sound.speed = 1;
  CHECK(refusal(clips({500}), delivery) == "[SoundChanges] speed must be in [0, 0.5], got 1");
  const ClipDataset dataset(clips({500}));
  CHECK(error_of([&] { dataset.gather({1}); }) == "[ClipDataset] sample 1 is out of range [0, 1)");
}
