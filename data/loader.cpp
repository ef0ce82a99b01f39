#include "loader.hpp"

#include <algorithm>
#include <exception>
#include <new>
#include <numeric>
#include <stdexcept>
#include <utility>
#include <vector>

#include "../core/runtime/floating_point.hpp"
#include "../core/runtime/internal/fail.hpp"
#include "../core/tensor/shards.hpp"
#include "internal/fingerprint.hpp"
#include "internal/prefetcher.hpp"

namespace plumb::data {
namespace {

constexpr const char* operation = "DataLoader";

// f() makes the indices of `count` samples; memory may not suffice for them.
template <class F>
std::vector<std::int64_t> make_indices(std::int64_t count, const std::string& place, F f) {
  try {
    return f();
  } catch (const std::length_error&) {
  } catch (const std::bad_alloc&) {
  }
  fail(operation, place, ": no memory for the indices of ", count, " samples, 8 bytes each");
}

// The order of an epoch of a dataset of `samples`.
std::vector<std::int64_t> order_of(const Sampler& sampler, std::uint64_t seed, std::int64_t epoch,
                                   std::int64_t samples) {
  const plumb::detail::FloatingPointMode mode(plumb::detail::Subnormals::kept);
  const std::string place = text("the order of epoch ", epoch);
  std::vector<std::int64_t> order =
      make_indices(sampler.size(), place, [&] { return sampler.order(seed, epoch); });
  if (static_cast<std::int64_t>(order.size()) != sampler.size())
    fail(operation, place, ": the sampler gave ", static_cast<std::int64_t>(order.size()),
         " samples, its size is ", sampler.size());
  for (const std::int64_t index : order)
    if (index < 0 || index >= samples)
      fail(operation, place, ": the sampler gave sample ", index, ", out of range [0, ", samples,
           ")");
  return order;
}

std::vector<std::int64_t> consecutive(std::int64_t begin, std::int64_t count,
                                      const std::string& place) {
  return make_indices(count, place, [&] {
    std::vector<std::int64_t> indices(static_cast<std::size_t>(count));
    std::iota(indices.begin(), indices.end(), begin);
    return indices;
  });
}

// Called while the exception of a batch is handled. Throws an Error that names the sample at fault,
// with that sample's exception nested in it.
[[noreturn]] void name_sample(const Dataset& dataset, Indices indices, std::int64_t epoch,
                              const std::string& place) {
  for (const std::int64_t index : indices) {
    try {
      dataset.gather_in_epoch({&index, 1}, epoch);
    } catch (...) {
      std::throw_with_nested(Error(text("[", operation, "] sample ", index, " (", place,
                                        "): ", plumb::detail::current_message())));
    }
  }
  std::throw_with_nested(
      Error(text("[", operation, "] ", place, " (", indices.size(), " samples from ", indices[0],
                 ", each fine when alone): ", plumb::detail::current_message())));
}

void check_rows(const char* name, const Tensor& x, std::int64_t count, const std::string& place) {
  if (x.rank() == 0 || x.dim(0) != count)
    fail(operation, place, ": the dataset gave ", name, " of shape ", x.shape(), " for ", count,
         " samples");
}

}  // namespace

void LoaderOptions::check() const {
  if (batch_size < 1) fail(operation, "batch_size must be at least 1, got ", batch_size);
  if (threads < 0 || threads > 256) fail(operation, "threads must be in [0, 256], got ", threads);
  if (prefetch < 1 || prefetch > 65536)
    fail(operation, "prefetch must be in [1, 65536], got ", prefetch);
  if (sampler && shuffle)
    fail(operation, "shuffle and a sampler exclude each other: the sampler makes the order");
  if (sampler && sampler->batch_size() != 0 && sampler->batch_size() != batch_size)
    fail(operation, "batch_size is ", batch_size, ", the sampler makes batches of ",
         sampler->batch_size());
  if (part.shards < 1 || part.first < 0 || part.first >= part.last || part.last > part.shards)
    fail(operation, "part must be some of at least one shard, got [", part.first, ", ", part.last,
         ") of ", part.shards);
}

struct DataLoader::State {
  std::shared_ptr<const Dataset> dataset;
  LoaderOptions options;
  std::shared_ptr<const Sampler> sampler;  // null where the order is the dataset's
  std::int64_t size = 0;                   // of the dataset
  std::int64_t length = 0;                 // of an epoch
  std::int64_t batches = 0;

  std::int64_t epoch = 0;
  std::int64_t position = 0;
  bool running = false;  // a loop has begun this epoch, and has not reached its end
  std::uint64_t loop = 0;

  std::vector<std::int64_t> order;  // of the running epoch, where there is a sampler
  Batch current;
  std::unique_ptr<detail::Prefetcher> prefetcher;  // last: its threads use the rest

  // Batch `number` of epoch `which`, whose order has been set. Thread-safe.
  Batch make(std::int64_t which, std::int64_t number) const;
  std::uint64_t fingerprint_of(std::int64_t which, std::int64_t begin, std::int64_t whole) const;
  // The next batch, from the threads where there are any. What throws here ends the loop.
  Batch take(std::int64_t which, std::int64_t number);
  bool begin();
  bool advance();
  void finish_epoch();
};

Batch DataLoader::State::make(std::int64_t which, std::int64_t number) const {
  // The same on loader threads and on the caller's.
  const plumb::detail::FloatingPointMode mode(plumb::detail::Subnormals::kept);
  const std::int64_t whole = std::min(options.batch_size, length - number * options.batch_size);
  const std::int64_t first = even_part(whole, options.part.shards, options.part.first).begin;
  const std::int64_t count =
      even_part(whole, options.part.shards, options.part.last - 1).end - first;
  const std::int64_t begin = number * options.batch_size + first;
  const std::string place = text("batch ", number, " of epoch ", which);
  const std::uint64_t fingerprint = fingerprint_of(which, number * options.batch_size, whole);
  Batch batch;
  batch.whole = whole;
  batch.fingerprint = fingerprint;
  if (count == 0) return batch;
  std::vector<std::int64_t> made;
  if (!sampler) made = consecutive(begin, count, place);
  const Indices indices = sampler ? Indices(order.data() + begin, count) : made;
  try {
    batch = dataset->gather_in_epoch(indices, which);
  } catch (...) {
    name_sample(*dataset, indices, which, place);
  }
  if (!batch.x.defined()) fail(operation, place, ": the dataset gave an undefined x");
  check_rows("x", batch.x, count, place);
  if (batch.y.defined()) check_rows("y", batch.y, count, place);
  if (batch.lengths.defined()) check_rows("lengths", batch.lengths, count, place);
  batch.first = first;
  batch.whole = whole;
  batch.fingerprint = fingerprint;
  return batch;
}

// Of all `whole` samples of the batch that begins there in the epoch's order, though a part gathers some alone.
std::uint64_t DataLoader::State::fingerprint_of(std::int64_t which, std::int64_t begin,
                                                std::int64_t whole) const {
  detail::Fingerprint fingerprint;
  for (const std::int64_t number : {size, which, begin, whole}) fingerprint.add(number);
  if (sampler)
    for (const std::int64_t index : Indices(order.data() + begin, whole)) fingerprint.add(index);
  return fingerprint.value();
}

Batch DataLoader::State::take(std::int64_t which, std::int64_t number) {
  try {
    return prefetcher ? prefetcher->next() : make(which, number);
  } catch (...) {
    prefetcher.reset();
    ++loop;
    throw;
  }
}

// Returns whether there is a batch. The epoch has begun where its first batch fails, but not where
// there is no memory for its order, or no thread.
bool DataLoader::State::begin() {
  prefetcher.reset();
  current = {};
  ++loop;
  const std::int64_t which = running ? epoch + 1 : epoch;
  const std::int64_t from = running ? 0 : position;
  if (from == batches) {
    epoch = which;
    finish_epoch();
    return false;
  }
  order = sampler ? order_of(*sampler, options.seed, which, size) : std::vector<std::int64_t>();
  if (options.threads > 0)
    prefetcher = std::make_unique<detail::Prefetcher>(
        options.threads, options.threads * options.prefetch, from, batches,
        [this, which](std::int64_t number) { return make(which, number); });
  epoch = which;
  position = from;
  running = true;
  current = take(which, from);
  ++position;
  return true;
}

bool DataLoader::State::advance() {
  if (position == batches) {
    finish_epoch();
    return false;
  }
  current = {};  // its memory may serve the next one
  current = take(epoch, position);
  ++position;
  return true;
}

void DataLoader::State::finish_epoch() {
  prefetcher.reset();
  current = {};
  order = {};
  ++epoch;
  position = 0;
  running = false;
}

DataLoader::DataLoader(std::shared_ptr<const Dataset> dataset, const LoaderOptions& options) {
  if (!dataset) fail(operation, "the dataset is null");
  options.check();
  state_ = std::make_unique<State>();
  State& s = *state_;
  s.dataset = std::move(dataset);
  s.options = options;
  s.size = s.dataset->size();
  if (s.size < 0) fail(operation, "the dataset's size is negative: ", s.size);
  s.sampler = options.shuffle ? std::make_shared<ShuffledSampler>(s.size) : options.sampler;
  s.length = s.sampler ? s.sampler->size() : s.size;
  if (s.length < 0) fail(operation, "the sampler's size is negative: ", s.length);
  const bool short_batch = s.length % options.batch_size != 0 && !options.drop_last;
  s.batches = s.length / options.batch_size + (short_batch ? 1 : 0);
}

DataLoader::~DataLoader() = default;
DataLoader::DataLoader(DataLoader&&) noexcept = default;
DataLoader& DataLoader::operator=(DataLoader&&) noexcept = default;

DataLoader::Iterator DataLoader::begin() & {
  const bool any = state_->begin();
  return Iterator(any ? state_.get() : nullptr, state_->loop);
}

std::int64_t DataLoader::batches() const { return state_->batches; }
std::int64_t DataLoader::epoch() const { return state_->epoch; }
std::int64_t DataLoader::position() const { return state_->position; }
const Dataset& DataLoader::dataset() const& { return *state_->dataset; }
LoaderOptions DataLoader::options() const { return state_->options; }

StateDict DataLoader::state_dict() const {
  const State& s = *state_;
  StateDict state;
  state.set("epoch", s.epoch);
  state.set("position", s.position);
  state.set("seed", static_cast<std::int64_t>(s.options.seed));
  state.set("samples", s.size);
  state.set("batch_size", s.options.batch_size);
  state.set("shuffle", s.options.shuffle);
  state.set("drop_last", s.options.drop_last);
  if (s.options.sampler) state.set("sampler", s.options.sampler->description());
  return state;
}

void DataLoader::load_state_dict(const StateDict& state) {
  State& s = *state_;
  const auto expect = [&](const char* name, auto mine) {
    const auto& saved = state.scalar<decltype(mine)>(name);
    if (saved != mine)
      fail(operation, "the state was saved with ", name, " ", std::int64_t{saved},
           ", this loader has ", std::int64_t{mine});
  };
  expect("samples", s.size);
  expect("batch_size", s.options.batch_size);
  expect("shuffle", s.options.shuffle);
  expect("drop_last", s.options.drop_last);
  const auto quoted = [](const std::string& sampler) {
    return sampler.empty() ? std::string("no sampler") : "the sampler '" + sampler + "'";
  };
  const std::string saved =
      state.has_scalar("sampler") ? state.scalar<std::string>("sampler") : std::string();
  const std::string mine = s.options.sampler ? s.options.sampler->description() : std::string();
  if (saved != mine)
    fail(operation, "the state was saved with ", quoted(saved), ", this loader has ", quoted(mine));
  const std::int64_t epoch = state.scalar<std::int64_t>("epoch");
  const std::int64_t position = state.scalar<std::int64_t>("position");
  const std::int64_t seed = state.scalar<std::int64_t>("seed");
  if (epoch < 0 || epoch >> 32 != 0)  // an epoch has 2^32 blocks of random numbers
    fail(operation, "the state's epoch must be in [0, 2^32), got ", epoch);
  if (position < 0 || position > s.batches)
    fail(operation, "the state's position ", position, " is out of range [0, ", s.batches, "]");

  s.prefetcher.reset();
  s.current = {};
  ++s.loop;
  s.running = false;
  s.epoch = epoch;
  s.position = position;
  s.options.seed = static_cast<std::uint64_t>(seed);
}

const Batch& DataLoader::Iterator::operator*() const& {
  check();
  return state_->current;
}

DataLoader::Iterator& DataLoader::Iterator::operator++() {
  check();
  if (!state_->advance()) state_ = nullptr;
  return *this;
}

void DataLoader::Iterator::check() const {
  if (state_ == nullptr) fail(operation, "an iterator was used behind the end of its epoch");
  if (state_->loop != loop_)
    fail(operation, "an iterator was used whose loop has ended; a loader has one loop at a time");
}

}  // namespace plumb::data
