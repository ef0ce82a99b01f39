// The examples of docs/data.md, compiled and run.
#include <doctest/doctest.h>

#include <cmath>
#include <plumb/data.hpp>
#include <vector>

#include "../support/document.hpp"

using namespace plumb;

namespace {

// y = sin x + noise at random x in [-3, 3]; sample i is a pure function of i.
class NoisySine : public data::Dataset {
 public:
  std::int64_t size() const override { return 1000; }
  data::Batch gather(data::Indices indices) const override {
    indices.check("NoisySine", size());
    data::Batch batch{Tensor::empty({indices.size(), 1}), Tensor::empty({indices.size(), 1})};
    float* x = batch.x.mutable_data<float>();
    float* y = batch.y.mutable_data<float>();
    for (const std::int64_t i : indices) {
      Generator random(7, Stream::data);
      random.set_position(static_cast<std::uint64_t>(2 * i));  // two draws, a block each
      *x = static_cast<float>(6 * random.uniform() - 3);
      *y++ = static_cast<float>(std::sin(*x) + 0.1 * random.normal());
      ++x;
    }
    return batch;
  }
};

}  // namespace

TEST_CASE("docs/data.md: a loop over a loader") {
  data::LoaderOptions options;
  options.batch_size = 32;
  options.shuffle = true;
  data::DataLoader loader(std::make_shared<data::SyntheticDigits>(100), options);
  std::int64_t seen = 0;
  for (const data::Batch& batch : loader) seen += batch.y.numel();
  CHECK(seen == 100);
}

TEST_CASE("docs/data.md: a dataset of one's own is the same for 0 and 2 threads") {
  std::vector<float> first;
  for (const int threads : {0, 2}) {
    data::LoaderOptions options;
    options.shuffle = true;
    options.threads = threads;
    data::DataLoader loader(std::make_shared<NoisySine>(), options);
    std::vector<float> all;
    for (const data::Batch& batch : loader) {
      CHECK(batch.x.shape() == batch.y.shape());
      for (std::int64_t i = 0; i < batch.x.numel(); ++i) {
        CHECK(std::abs(batch.y.at({i, 0}) - std::sin(batch.x.at({i, 0}))) < 0.5);
        all.push_back(batch.y.data<float>()[i]);
      }
    }
    CHECK(all.size() == 1000);
    if (threads == 0) first = all;
    CHECK(all == first);
  }
}

TEST_CASE("docs/data.md: its code is that of this file") {
  CHECK(test::code_missing_from("docs/data.md", {__FILE__}) == "");
}
