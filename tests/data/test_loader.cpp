#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <plumb/data.hpp>
#include <stdexcept>
#include <thread>

#include "support.hpp"

using namespace plumb;
using plumb::test::contains;
using plumb::test::error_of;
using plumb::test::numbers;

namespace {

using Batches = std::vector<std::vector<std::int64_t>>;

data::LoaderOptions shuffled(std::int64_t batch_size, int threads = 0, std::uint64_t seed = 1) {
  data::LoaderOptions options;
  options.batch_size = batch_size;
  options.shuffle = true;
  options.threads = threads;
  options.seed = seed;
  return options;
}

// The samples of one loop, batch by batch.
Batches loop(data::DataLoader& loader) {
  Batches batches;
  for (const data::Batch& batch : loader) batches.push_back(batch.x.to_vector<std::int64_t>());
  return batches;
}

std::vector<std::int64_t> joined(const Batches& batches) {
  std::vector<std::int64_t> all;
  for (const auto& batch : batches) all.insert(all.end(), batch.begin(), batch.end());
  return all;
}

std::vector<std::size_t> sizes(const Batches& batches) {
  std::vector<std::size_t> result;
  for (const auto& batch : batches) result.push_back(batch.size());
  return result;
}

// Takes a while over each batch, longer for the early ones, so that threads finish out of order.
class Slow : public data::Dataset {
 public:
  explicit Slow(std::int64_t n) : n_(n) {}
  std::int64_t size() const override { return n_; }
  data::Batch gather(data::Indices indices) const override {
    std::this_thread::sleep_for(std::chrono::microseconds(indices[0] % 3 * 300));
    return {Tensor::from(std::vector<std::int64_t>(indices.begin(), indices.end())), {}};
  }

 private:
  std::int64_t n_;
};

// Throws for sample `bad` what `thrower` throws.
class Faulty : public data::Dataset {
 public:
  Faulty(std::int64_t n, std::int64_t bad, void (*thrower)())
      : n_(n), bad_(bad), thrower_(thrower) {}
  std::int64_t size() const override { return n_; }
  data::Batch gather(data::Indices indices) const override {
    if (std::find(indices.begin(), indices.end(), bad_) != indices.end()) thrower_();
    return {Tensor::from(std::vector<std::int64_t>(indices.begin(), indices.end())), {}};
  }

 private:
  std::int64_t n_, bad_;
  void (*thrower_)();
};

// As many samples as can be numbered.
class Endless : public data::Dataset {
 public:
  std::int64_t size() const override { return INT64_MAX; }
  data::Batch gather(data::Indices indices) const override {
    return {Tensor::from(std::vector<std::int64_t>(indices.begin(), indices.end())), {}};
  }
};

std::shared_ptr<const data::Dataset> faulty(
    std::int64_t bad, void (*thrower)() = [] { throw std::runtime_error("disk on fire"); }) {
  return std::make_shared<Faulty>(100, bad, thrower);
}

}  // namespace

TEST_CASE("DataLoader: without shuffling batches follow the dataset") {
  data::LoaderOptions options;
  options.batch_size = 4;
  data::DataLoader loader(numbers(10), options);
  CHECK(loader.batches() == 3);
  CHECK(loop(loader) == Batches{{0, 1, 2, 3}, {4, 5, 6, 7}, {8, 9}});
  CHECK(loop(loader) == Batches{{0, 1, 2, 3}, {4, 5, 6, 7}, {8, 9}});
  options.drop_last = true;
  data::DataLoader whole(numbers(10), options);
  CHECK(whole.batches() == 2);
  CHECK(loop(whole) == Batches{{0, 1, 2, 3}, {4, 5, 6, 7}});
}

TEST_CASE("DataLoader: batches carry features and targets") {
  const auto set = std::make_shared<data::TensorDataset>(
      Tensor::from<std::uint8_t>({0, 51, 255}, {3, 1}), Tensor::from<std::uint8_t>({7, 8, 9}));
  data::DataLoader loader(set);
  CHECK(loader.options().batch_size == 64);
  CHECK(&loader.dataset() == set.get());
  for (const data::Batch& batch : loader) {
    CHECK(batch.x.to_vector<float>() == std::vector<float>{0, 0.2f, 1});
    CHECK(batch.y.to_vector<std::int64_t>() == std::vector<std::int64_t>{7, 8, 9});
  }
}

TEST_CASE("DataLoader: every epoch is another permutation, a function of seed and epoch") {
  data::DataLoader loader(numbers(100), shuffled(7)), same(numbers(100), shuffled(33)),
      other(numbers(100), shuffled(7, 0, 2));
  std::vector<std::vector<std::int64_t>> epochs;
  for (int epoch = 0; epoch < 4; ++epoch) {
    CHECK(loader.epoch() == epoch);
    epochs.push_back(joined(loop(loader)));
    std::vector<std::int64_t> sorted = epochs.back();
    std::sort(sorted.begin(), sorted.end());
    CHECK(sorted == Tensor::arange(100).to_vector<std::int64_t>());
    for (int before = 0; before < epoch; ++before) CHECK(epochs[before] != epochs[epoch]);
    CHECK(joined(loop(same)) == epochs[epoch]);
    CHECK(joined(loop(other)) != epochs[epoch]);
  }
}

TEST_CASE("DataLoader: the order of seed 1 is the same in every version") {
  data::DataLoader loader(numbers(8), shuffled(8));
  CHECK(joined(loop(loader)) == std::vector<std::int64_t>{4, 0, 7, 3, 6, 1, 5, 2});
  CHECK(joined(loop(loader)) == std::vector<std::int64_t>{5, 7, 1, 2, 3, 4, 0, 6});
}

TEST_CASE("DataLoader: 0 and n threads give the same batches in the same order") {
  for (const std::int64_t batch_size : {1, 3, 100, 1000}) {
    data::DataLoader plain(std::make_shared<Slow>(20), shuffled(batch_size));
    const Batches first = loop(plain), second = loop(plain);
    for (const int threads : {1, 2, 5}) {
      data::LoaderOptions options = shuffled(batch_size, threads);
      options.prefetch = threads == 2 ? 1 : 3;
      data::DataLoader loader(std::make_shared<Slow>(20), options);
      CHECK(loop(loader) == first);
      CHECK(loop(loader) == second);
    }
  }
}

TEST_CASE("DataLoader: batches of 32768 and beyond the set, with threads and without") {
  for (const int threads : {0, 2}) {
    data::DataLoader large(numbers(100000), shuffled(32768, threads));
    CHECK(sizes(loop(large)) == std::vector<std::size_t>{32768, 32768, 32768, 1696});
    for (const std::int64_t batch_size : {std::int64_t{100001}, INT64_MAX}) {
      data::LoaderOptions options = shuffled(batch_size, threads);
      data::DataLoader whole(numbers(100000), options);
      CHECK(sizes(loop(whole)) == std::vector<std::size_t>{100000});
      options.drop_last = true;
      data::DataLoader none(numbers(100000), options);
      CHECK(none.batches() == 0);
      CHECK(loop(none).empty());
      CHECK(none.epoch() == 1);
    }
  }
}

TEST_CASE("DataLoader: 2^63 - 1 samples, with threads and without") {
  const auto endless = std::make_shared<Endless>();
  for (const int threads : {0, 2}) {
    data::LoaderOptions options;
    options.threads = threads;
    options.batch_size = 1;
    data::DataLoader ones(endless, options);
    CHECK(ones.batches() == INT64_MAX);
    CHECK(ones.begin()->x.to_vector<std::int64_t>() == std::vector<std::int64_t>{0});
    options.batch_size = 2;
    data::DataLoader twos(endless, options);
    CHECK(twos.batches() == (std::int64_t{1} << 62));
    StateDict state = twos.state_dict();
    state.set("position", twos.batches() - 1);
    twos.load_state_dict(state);
    CHECK(loop(twos) == Batches{{INT64_MAX - 1}});

    options.batch_size = INT64_MAX;
    data::DataLoader whole(endless, options);
    CHECK(whole.batches() == 1);
    CHECK(error_of([&] { whole.begin(); }) ==
          "[DataLoader] batch 0 of epoch 0: no memory for the indices of 9223372036854775807 "
          "samples, 8 bytes each");
    data::DataLoader random(endless, shuffled(1, threads));
    CHECK(error_of([&] { random.begin(); }) ==
          "[DataLoader] the order of epoch 0: no memory for the indices of 9223372036854775807 "
          "samples, 8 bytes each");
    CHECK(random.epoch() == 0);
  }
}

TEST_CASE("DataLoader: an empty set gives no batches, with threads and without") {
  for (const int threads : {0, 2}) {
    data::DataLoader loader(numbers(0), shuffled(4, threads));
    CHECK(loader.batches() == 0);
    CHECK(loop(loader).empty());
    CHECK(loop(loader).empty());
    CHECK(loader.epoch() == 2);
  }
}

TEST_CASE("DataLoader: refuses options out of range, and no dataset") {
  const auto refusal = [](auto change) {
    data::LoaderOptions options;
    change(options);
    return error_of([&] { data::DataLoader(numbers(3), options); });
  };
  CHECK(refusal([](auto& o) { o.batch_size = 0; }) ==
        "[DataLoader] batch_size must be at least 1, got 0");
  CHECK(refusal([](auto& o) { o.batch_size = -64; }) ==
        "[DataLoader] batch_size must be at least 1, got -64");
  CHECK(refusal([](auto& o) { o.threads = -1; }) ==
        "[DataLoader] threads must be in [0, 256], got -1");
  CHECK(contains(refusal([](auto& o) { o.threads = 257; }), "got 257"));
  CHECK(refusal([](auto& o) { o.prefetch = 0; }) ==
        "[DataLoader] prefetch must be in [1, 65536], got 0");
  CHECK(error_of([] { data::DataLoader(nullptr); }) == "[DataLoader] the dataset is null");
}

TEST_CASE("DataLoader: an exception of a sample arrives with its index, from threads too") {
  for (const int threads : {0, 1, 3}) {
    data::LoaderOptions options;
    options.batch_size = 8;
    options.threads = threads;
    data::DataLoader loader(faulty(42), options);
    std::int64_t delivered = 0;
    const std::string error = error_of([&] {
      for (const data::Batch& batch : loader) delivered += batch.x.numel();
    });
    CHECK(error == "[DataLoader] sample 42 (batch 5 of epoch 0): disk on fire");
    CHECK(delivered == 40);
    CHECK(loader.position() == 5);
    // The next loop is the next epoch, and meets the same sample.
    CHECK(error_of([&] { loop(loader); }) ==
          "[DataLoader] sample 42 (batch 5 of epoch 1): disk on fire");
  }
}

TEST_CASE("DataLoader: an epoch whose first batch fails has begun, with threads and without") {
  for (const int threads : {0, 2}) {
    data::LoaderOptions options;
    options.batch_size = 8;
    options.threads = threads;
    data::DataLoader loader(faulty(0), options);
    for (int epoch = 0; epoch < 3; ++epoch) {
      CHECK(error_of([&] { loop(loader); }) ==
            errors::text("[DataLoader] sample 0 (batch 0 of epoch ", epoch, "): disk on fire"));
      CHECK(loader.epoch() == epoch);
      CHECK(loader.position() == 0);
    }
    data::DataLoader resumed(faulty(17), options);
    StateDict state = resumed.state_dict();
    state.set("position", 2);
    resumed.load_state_dict(state);
    CHECK(contains(error_of([&] { loop(resumed); }), "sample 17 (batch 2 of epoch 0)"));
    CHECK(resumed.position() == 2);
    CHECK(contains(error_of([&] { loop(resumed); }), "sample 17 (batch 2 of epoch 1)"));
  }
}

TEST_CASE("DataLoader: what was thrown is nested, whatever it was, from threads too") {
  for (const int threads : {0, 2}) {
    data::LoaderOptions options;
    options.threads = threads;
    data::DataLoader own(faulty(0, [] { errors::fail("decode", "bad picture"); }), options);
    try {
      loop(own);
      FAIL("expected an exception");
    } catch (const Error& error) {
      CHECK(std::string(error.what()) ==
            "[DataLoader] sample 0 (batch 0 of epoch 0): [decode] bad picture");
      CHECK_THROWS_WITH_AS(std::rethrow_if_nested(error), "[decode] bad picture", Error);
    }
    CHECK(own.epoch() == 0);
    CHECK(own.position() == 0);
    data::DataLoader odd(faulty(3, [] { throw 7; }), options);
    try {
      loop(odd);
      FAIL("expected an exception");
    } catch (const Error& error) {
      CHECK(contains(error.what(), "sample 3 (batch 0 of epoch 0): an exception that is no"));
      CHECK_THROWS_AS(std::rethrow_if_nested(error), int);
    }
  }
}

TEST_CASE("DataLoader: a batch that fails as a whole is named by its samples") {
  class Whole : public data::Dataset {
   public:
    std::int64_t size() const override { return 6; }
    data::Batch gather(data::Indices indices) const override {
      if (indices.size() > 1 && indices[0] > 0) throw std::runtime_error("ragged");
      return {Tensor::zeros({indices.size()}), {}};
    }
  };
  data::LoaderOptions options;
  options.batch_size = 2;
  data::DataLoader loader(std::make_shared<Whole>(), options);
  CHECK(error_of([&] {
          for (const data::Batch& batch : loader) (void)batch;
        }) == "[DataLoader] batch 1 of epoch 0 (2 samples from 2, each fine when alone): ragged");
}

TEST_CASE("DataLoader: a dataset that gives too few rows, or none, is named") {
  class Short : public data::Dataset {
   public:
    explicit Short(data::Batch batch) : batch_(std::move(batch)) {}
    std::int64_t size() const override { return 6; }
    data::Batch gather(data::Indices) const override { return batch_; }

   private:
    data::Batch batch_;
  };
  const auto refusal = [](const data::Batch& batch) {
    data::DataLoader loader(std::make_shared<Short>(batch));
    return error_of([&] { loader.begin(); });
  };
  CHECK(refusal({Tensor::zeros({5, 2}), {}}) ==
        "[DataLoader] batch 0 of epoch 0: the dataset gave x of shape [5, 2] for 6 samples");
  CHECK(contains(refusal({Tensor::zeros({6}), Tensor::scalar(1)}), "gave y of shape []"));
  CHECK(contains(refusal({}), "gave an undefined x"));
}

TEST_CASE("DataLoader: an iterator that threw, or whose loop has ended, says so: threads too") {
  for (const int threads : {0, 2}) {
    data::LoaderOptions options;
    options.batch_size = 50;
    options.threads = threads;
    data::DataLoader loader(faulty(77), options);
    auto failed = loader.begin();
    CHECK(contains(error_of([&] { ++failed; }), "sample 77"));
    CHECK(
        error_of([&] { ++failed; }) ==
        "[DataLoader] an iterator was used whose loop has ended; a loader has one loop at a time");
    auto old = loader.begin();
    const auto fresh = loader.begin();
    CHECK(contains(error_of([&] { (void)*old; }), "whose loop has ended"));
    CHECK(fresh->x.numel() == 50);
  }
  data::DataLoader one(numbers(1));
  auto end = one.begin();
  ++end;
  CHECK_FALSE(end != one.end());
  CHECK(error_of([&] { ++end; }) ==
        "[DataLoader] an iterator was used behind the end of its epoch");
}

TEST_CASE("DataLoader: a loop left early, a destroyed and a moved loader stop their threads") {
  for (int repeat = 0; repeat < 20; ++repeat) {
    data::DataLoader loader(std::make_shared<Slow>(100), shuffled(3, 3));
    for (const data::Batch& batch : loader)
      if (batch.x.data<std::int64_t>()[0] % 4 == repeat % 4) break;
    data::DataLoader moved = std::move(loader);
    auto batch = moved.begin();
    if (repeat % 2 == 0) ++batch;
  }
  // Threads that have not even begun, and threads that wait for room.
  data::LoaderOptions options = shuffled(1, 4);
  options.prefetch = 1;
  { data::DataLoader unused(std::make_shared<Slow>(100), options); }
  data::DataLoader waiting(std::make_shared<Slow>(100), options);
  waiting.begin();
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

TEST_CASE("DataLoader: a loop left early is an epoch of its own, with threads and without") {
  for (const int threads : {0, 2}) {
    data::DataLoader whole(numbers(50), shuffled(7)), loader(numbers(50), shuffled(7, threads));
    loop(whole);
    for (const data::Batch& batch : loader) {
      CHECK(batch.x.numel() == 7);
      if (loader.position() == 3) break;
    }
    CHECK(loader.epoch() == 0);
    CHECK(loop(loader) == loop(whole));
    CHECK(loader.epoch() == 2);
    CHECK(loader.position() == 0);
  }
}

TEST_CASE("DataLoader: resumes at every position as if nothing had been, with any threads") {
  data::DataLoader reference(numbers(23), shuffled(5));
  loop(reference);
  const Batches epoch1 = loop(reference), epoch2 = loop(reference);
  for (const int threads : {0, 2}) {
    for (std::int64_t stop = 1; stop <= 5; ++stop) {
      data::DataLoader first(numbers(23), shuffled(5, 2 - threads));
      loop(first);
      StateDict state;
      for (const data::Batch& batch : first) {
        CHECK(batch.x.defined());
        if (first.position() == stop) state = first.state_dict();
      }
      data::DataLoader second(numbers(23), shuffled(5, threads, 99));
      loop(second);
      second.load_state_dict(state);
      CHECK(second.epoch() == 1);
      CHECK(second.position() == stop);
      CHECK(loop(second) == Batches(epoch1.begin() + stop, epoch1.end()));
      CHECK(loop(second) == epoch2);
      CHECK(second.options().seed == 1);
    }
  }
}

TEST_CASE("DataLoader: a state between loops, after a break, and of a seed beyond 2^63") {
  const std::uint64_t seed = UINT64_MAX - 5;
  data::DataLoader loader(numbers(23), shuffled(5, 0, seed)), other(numbers(23), shuffled(5));
  other.load_state_dict(loader.state_dict());
  CHECK(other.options().seed == seed);
  CHECK(loop(other) == loop(loader));
  other.load_state_dict(loader.state_dict());
  CHECK(other.epoch() == 1);
  const Batches epoch1 = loop(other);
  for (const data::Batch& batch : loader)
    if (batch.x.defined()) break;
  other.load_state_dict(loader.state_dict());
  CHECK(loop(other) == Batches(epoch1.begin() + 1, epoch1.end()));
}

TEST_CASE("DataLoader: loading a state ends a running loop, with threads") {
  data::DataLoader loader(std::make_shared<Slow>(23), shuffled(5, 2));
  const StateDict start = loader.state_dict();
  const auto batch = loader.begin();
  const std::vector<std::int64_t> first = batch->x.to_vector<std::int64_t>();
  loader.load_state_dict(start);
  CHECK(contains(error_of([&] { (void)*batch; }), "whose loop has ended"));
  CHECK(loader.begin()->x.to_vector<std::int64_t>() == first);
}

TEST_CASE("DataLoader: refuses the state of another loader and stays as it was") {
  data::DataLoader loader(numbers(23), shuffled(5));
  loop(loader);
  const auto refusal = [&](auto change) {
    StateDict state = loader.state_dict();
    state.set("epoch", 7);
    state.set("seed", 7);
    change(state);
    const std::string error = error_of([&] { loader.load_state_dict(state); });
    CHECK(loader.epoch() == 1);
    CHECK(loader.options().seed == 1);
    return error;
  };
  const auto saved_by = [&](std::int64_t n, data::LoaderOptions options) {
    return refusal([&](StateDict& state) {
      state = data::DataLoader(numbers(n), options).state_dict();
      state.set("epoch", 7);
    });
  };
  CHECK(saved_by(24, shuffled(5)) ==
        "[DataLoader] the state was saved with samples 24, this loader has 23");
  CHECK(saved_by(23, shuffled(6)) ==
        "[DataLoader] the state was saved with batch_size 6, this loader has 5");
  data::LoaderOptions options = shuffled(5);
  options.drop_last = true;
  CHECK(saved_by(23, options) ==
        "[DataLoader] the state was saved with drop_last 1, this loader has 0");
  options = shuffled(5);
  options.shuffle = false;
  CHECK(saved_by(23, options) ==
        "[DataLoader] the state was saved with shuffle 0, this loader has 1");
  CHECK(refusal([](StateDict& state) { state.set("epoch", -1); }) ==
        "[DataLoader] the state's epoch must be in [0, 2^32), got -1");
  CHECK(refusal([](StateDict& state) { state.set("epoch", INT64_MAX); }) ==
        "[DataLoader] the state's epoch must be in [0, 2^32), got 9223372036854775807");
  CHECK(refusal([](StateDict& state) { state.set("position", 6); }) ==
        "[DataLoader] the state's position 6 is out of range [0, 5]");
  CHECK(refusal([](StateDict& state) { state.set("position", -1); }) ==
        "[DataLoader] the state's position -1 is out of range [0, 5]");
  CHECK(
      contains(refusal([](StateDict& state) { state.set("seed", 1.5); }), "'seed' is of another"));
  CHECK(contains(refusal([](StateDict& state) { state = {}; }), "no scalar named 'samples'"));
}

TEST_CASE("DataLoader: kept batches stay as they are, with threads and without") {
  for (const int threads : {0, 2}) {
    data::DataLoader loader(numbers(64), shuffled(4, threads));
    std::vector<Tensor> kept;
    Batches seen;
    for (const data::Batch& batch : loader) {
      kept.push_back(batch.x);
      seen.push_back(batch.x.to_vector<std::int64_t>());
    }
    for (std::size_t i = 0; i < kept.size(); ++i)
      CHECK(kept[i].to_vector<std::int64_t>() == seen[i]);
  }
}

TEST_CASE("DataLoader: a part gathers the samples of its shards, with the batches of the whole") {
  const auto samples = std::make_shared<Slow>(11);
  for (const int threads : {0, 2}) {
    data::DataLoader whole(samples, shuffled(4, threads));
    std::vector<data::DataLoader> parts;
    for (const auto& [first, last] : {std::pair{0, 1}, {1, 3}, {3, 5}}) {
      data::LoaderOptions options = shuffled(4, threads);
      options.part = {5, first, last};
      parts.emplace_back(samples, options);
    }
    const Batches expected = loop(whole);
    std::vector<std::vector<data::Batch>> found;
    for (data::DataLoader& part : parts) {
      found.emplace_back();
      for (const data::Batch& batch : part) found.back().push_back(batch);
      CHECK(part.state_dict().scalar<std::int64_t>("samples") == 11);
      whole.load_state_dict(part.state_dict());
    }
    for (std::size_t i = 0; i < expected.size(); ++i) {
      std::vector<std::int64_t> gathered;
      for (const std::vector<data::Batch>& part : found) {
        const data::Batch& batch = part[i];
        CHECK(batch.samples() == static_cast<std::int64_t>(expected[i].size()));
        if (!batch.x.defined()) continue;
        CHECK(batch.first == static_cast<std::int64_t>(gathered.size()));
        const auto x = batch.x.to_vector<std::int64_t>();
        CHECK(batch.rows(batch.first, batch.first + 1).x.to_vector<std::int64_t>()[0] == x[0]);
        gathered.insert(gathered.end(), x.begin(), x.end());
      }
      CHECK(gathered == expected[i]);
    }
    // Of three samples in five shards the first has none.
    CHECK_FALSE(found[0].back().x.defined());
    CHECK_FALSE(found[0].back().rows(0, 0).x.defined());
    CHECK(
        error_of([&] { found[0].back().part(0, 1); }) ==
        "[Batch] samples [0, 1) of 3 are needed, the loader has gathered [0, 0): its part must be "
        "that of the DataParallel that uses it, parallel.part()");
    CHECK(contains(error_of([&] { found[1].front().part(2, 4); }), "has gathered [0, 2)"));
  }
  data::LoaderOptions options;
  options.part = {4, 2, 2};
  CHECK(error_of([&] { data::DataLoader(samples, options); }) ==
        "[DataLoader] part must be some of at least one shard, got [2, 2) of 4");
}

TEST_CASE(
    "DataLoader: batches of other samples have other fingerprints, whatever part is gathered") {
  // Of two epochs of eleven samples.
  const auto fingerprints = [](const data::LoaderOptions& options, std::int64_t samples = 11) {
    data::DataLoader loader(std::make_shared<Slow>(samples), options);
    std::vector<std::uint64_t> all;
    for (int epoch = 0; epoch < 2; ++epoch)
      for (const data::Batch& batch : loader) all.push_back(batch.fingerprint);
    return all;
  };
  for (const bool shuffle : {true, false}) {
    data::LoaderOptions options = shuffled(4);
    options.shuffle = shuffle;
    const std::vector<std::uint64_t> all = fingerprints(options);
    std::vector<std::uint64_t> sorted = all;
    std::sort(sorted.begin(), sorted.end());
    CHECK(sorted.size() == 6);
    CHECK(std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end());
    CHECK(fingerprints(options, 12)[0] != all[0]);
    options.threads = 2;
    for (const auto& [first, last] : {std::pair{0, 1}, {1, 3}, {3, 5}}) {
      options.part = {5, first, last};
      CHECK(fingerprints(options) == all);
    }
  }
  CHECK(fingerprints(shuffled(4, 0, 2))[0] != fingerprints(shuffled(4))[0]);
}

TEST_CASE("Batch: a part is as if it had been gathered alone") {
  const Tensor x = Tensor::arange(24).reshape({3, 4, 2}), y = Tensor::arange(12).reshape({3, 4});
  const data::Batch batch = {x, y, Tensor::from({4, 2, 3}), true};
  const data::Batch whole = batch.part(0, 2);
  CHECK(whole.x.shape() == Shape{2, 4, 2});
  CHECK(whole.lengths.to_vector<std::int64_t>() == std::vector<std::int64_t>{4, 2});
  const data::Batch cut = batch.part(1, 3);
  CHECK(cut.x.to_vector<std::int64_t>() ==
        std::vector<std::int64_t>{8, 9, 10, 11, 12, 13, 16, 17, 18, 19, 20, 21});
  CHECK(cut.x.shape() == Shape{2, 3, 2});
  CHECK(cut.y.to_vector<std::int64_t>() == std::vector<std::int64_t>{4, 5, 6, 8, 9, 10});
  CHECK(cut.lengths.to_vector<std::int64_t>() == std::vector<std::int64_t>{2, 3});
  // Alone a sample has no padding and so no lengths.
  CHECK_FALSE(batch.part(1, 2).lengths.defined());
  CHECK(batch.part(1, 2).x.shape() == Shape{1, 2, 2});
  CHECK(batch.rows(1, 2).x.shape() == Shape{1, 4, 2});
  // Four targets of a sample are not four steps.
  const data::Batch of_samples = {x, y, Tensor::from({4, 2, 3})};
  CHECK(of_samples.part(1, 3).x.shape() == Shape{2, 3, 2});
  CHECK(of_samples.part(1, 3).y.shape() == Shape{2, 4});
}
