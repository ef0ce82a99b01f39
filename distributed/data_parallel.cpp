#include "data_parallel.hpp"

#include <cstring>
#include <utility>

#include "../core/runtime/internal/fail.hpp"
#include "../core/runtime/stop_request.hpp"
#include "../core/tensor/hash.hpp"
#include "internal/collectives.hpp"
#include "internal/sparse.hpp"

namespace plumb::distributed {
namespace {

constexpr const char* operation = "DataParallel";

std::int64_t checked_shards(const Processes& processes, const DataParallelOptions& options) {
  if (options.shards < processes.size())
    fail(operation, options.shards, " shards are too few for ", processes.size(),
         " ranks: each needs one");
  if (options.check_every < 0)
    fail(operation, "check_every must be at least 0, got ", options.check_every);
  return options.shards;
}

// The same everywhere, but for a model's seed or its data.
StateDict state_of(const nn::Module& model, const std::vector<nn::NamedGenerator>& generators) {
  StateDict state;
  state.insert("model", model.state_dict());
  for (const nn::NamedGenerator& stream : generators)
    state.insert("streams." + stream.name, stream.generator->state_dict());
  return state;
}

std::uint64_t word_of(double value) {
  std::uint64_t word;
  std::memcpy(&word, &value, sizeof word);
  return word;
}

double number_of(std::uint64_t word) {
  double value;
  std::memcpy(&value, &word, sizeof value);
  return value;
}

std::uint64_t hash_of(const std::vector<std::uint64_t>& words) {
  std::uint64_t state = 0xcbf29ce484222325;
  for (const std::uint64_t word : words) state = (state ^ word) * 0x100000001b3;
  return state;
}

// Slice `rank` of each of the tensors.
std::vector<ShardRange> slices(const std::vector<Tensor>& tensors, int ranks, int rank) {
  std::vector<ShardRange> ranges;
  for (const Tensor& x : tensors)
    ranges.push_back(x.defined() ? even_part(x.numel(), ranks, rank) : ShardRange());
  return ranges;
}

void append(std::vector<std::byte>& to, const std::byte* from, std::size_t size) {
  to.insert(to.end(), from, from + size);
}

}  // namespace

DataParallel::DataParallel(Processes& processes, nn::Module& model,
                           const DataParallelOptions& options)
    : ShardedGradient(model, checked_shards(processes, options),
                      even_part(options.shards, processes.size(), processes.rank())),
      processes_(processes),
      check_every_(options.check_every),
      sparse_(options.accumulate_below > 0) {
  accumulate_below(options.accumulate_below);
  const StateDict state = processes_.broadcast(state_of(model, generators()));
  if (processes_.first()) return;
  model.load_state_dict(state.part("model"));
  for (const nn::NamedGenerator& stream : generators())
    stream.generator->load_state_dict(state.part("streams." + stream.name));
}

ShardRange DataParallel::shards_of(int rank) const {
  return even_part(shards(), processes_.size(), rank);
}

void DataParallel::begin_step() {
  entries_.clear();
  state_hash_ = 0;
  const bool compares = check_every_ > 0 && step_ % check_every_ == 0;
  ++step_;
  if (!compares || processes_.size() == 1) return;
  for (const Parameter& p : parameters()) entries_.push_back(hash(p.variable.value()));
  for (const nn::Buffer& b : buffers()) entries_.push_back(hash(b.variable.value()));
  for (const nn::NamedGenerator& g : generators())
    entries_.push_back(
        hash_of({g.generator->seed(), g.generator->stream(), g.generator->position()}));
  state_hash_ = hash_of(entries_);
}

std::string DataParallel::name_of(std::size_t entry) const {
  if (entry < parameters().size()) return "parameter '" + parameters()[entry].name + "'";
  entry -= parameters().size();
  if (entry < buffers().size()) return "buffer '" + buffers()[entry].name + "'";
  return "random stream '" + generators()[entry - buffers().size()].name + "'";
}

void DataParallel::name_difference() const {
  const std::vector<std::uint64_t> all =
      processes_.collectives().gather_words("a comparison of all ranks", entries_);
  const std::size_t n = entries_.size();
  for (std::size_t at = n; at < all.size(); ++at)
    if (all[at] != all[at % n])
      fail(operation, "before step ", step_, " rank ", static_cast<std::int64_t>(at / n),
           " differs from rank 0 in ", name_of(at % n));
  fail(operation, "before step ", step_, " ranks differ");
}

// Words: signal, hash, loss and weight of each shard, marks.
std::size_t DataParallel::header_words(int rank, std::size_t marks) const {
  return 2 + 2 * static_cast<std::size_t>(shards_of(rank).size()) + (marks + 7) / 8;
}

std::vector<std::uint64_t> DataParallel::header_of(const Sums& mine) const {
  std::vector<std::uint64_t> words = {static_cast<std::uint64_t>(plumb::detail::noted_signal()),
                                      state_hash_};
  for (const Report& report : mine.reports) {
    words.push_back(word_of(report.loss));
    words.push_back(word_of(report.weight));
  }
  const std::size_t before = words.size();
  words.resize(before + (mine.marks.size() + 7) / 8);
  std::memcpy(words.data() + before, mine.marks.data(), mine.marks.size());
  return words;
}

void DataParallel::read_header(const std::vector<std::uint64_t>& words, int rank, Sums& total) {
  if (words[0] != 0) processes_.collectives().stop_signal = static_cast<int>(words[0]);
  std::size_t at = 2;
  for (std::int64_t shard = 0; shard < shards_of(rank).size(); ++shard, at += 2)
    total.reports.push_back({number_of(words[at]), number_of(words[at + 1])});
  const auto* marks = reinterpret_cast<const std::uint8_t*>(words.data() + at);
  for (std::size_t i = 0; i < total.marks.size(); ++i) total.marks[i] |= marks[i];
}

// To each rank: the header, and its slice of every node.
std::vector<std::vector<std::byte>> DataParallel::messages(const Sums& mine) const {
  const std::vector<std::uint64_t> header = header_of(mine);
  std::vector<std::vector<std::byte>> messages(static_cast<std::size_t>(processes_.size()));
  for (std::size_t r = 0; r < messages.size(); ++r) {
    append(messages[r], reinterpret_cast<const std::byte*>(header.data()), header.size() * 8);
    const std::vector<ShardRange> slice =
        slices(mine.nodes[0].sums, processes_.size(), static_cast<int>(r));
    for (const ShardSum::Node& node : mine.nodes)
      for (std::size_t i = 0; i < slice.size(); ++i) {
        if (slice[i].empty()) continue;
        if (sparse_) {
          detail::append_sparse(messages[r], node.sums[i], slice[i]);
          continue;
        }
        const std::size_t size = size_of(node.sums[i].dtype());
        append(messages[r], node.sums[i].raw() + static_cast<std::size_t>(slice[i].begin) * size,
               static_cast<std::size_t>(slice[i].size()) * size);
      }
  }
  return messages;
}

// From each rank: the same. Returns the own slice of the sum of all; `total` has the headers. Ranks in
// rising order have shards in rising order.
std::vector<Tensor> DataParallel::add_up(const std::vector<std::vector<std::byte>>& received,
                                         const std::vector<Tensor>& like, Sums& total) {
  const std::vector<ShardRange> slice = slices(like, processes_.size(), processes_.rank());
  ShardSum sum(shards());
  bool alike = true;
  std::uint64_t expected = 0;
  for (int r = 0; r < processes_.size(); ++r) {
    const std::byte* from = received[static_cast<std::size_t>(r)].data();
    std::vector<std::uint64_t> words(header_words(r, total.marks.size()));
    std::memcpy(words.data(), from, words.size() * 8);
    from += words.size() * 8;
    read_header(words, r, total);
    if (r == 0) expected = words[1];
    alike = alike && words[1] == expected;
    for (ShardSum::Node& node : ShardSum::nodes_of(shards(), shards_of(r))) {
      for (std::size_t i = 0; i < slice.size(); ++i) {
        node.sums.emplace_back();
        if (slice[i].empty()) continue;
        node.sums.back() = Tensor::empty({slice[i].size()}, like[i].dtype());
        if (sparse_) {
          detail::take_sparse(from, node.sums.back());
          continue;
        }
        std::memcpy(node.sums.back().mutable_raw(), from, node.sums.back().bytes());
        from += node.sums.back().bytes();
      }
      sum.add(std::move(node));
    }
  }
  if (!alike) name_difference();
  return std::move(sum).total();
}

// The slices of all ranks, one behind the other.
Tensor DataParallel::gather(const Tensor& slice, const Tensor& like) const {
  if (!like.defined()) return Tensor();
  Tensor whole = Tensor::empty(like.shape(), like.dtype());
  if (sparse_) {
    gather_sparse(slice, whole);
    return whole;
  }
  const std::size_t size = size_of(like.dtype());
  std::vector<std::size_t> bounds = {0};
  for (int r = 0; r < processes_.size(); ++r)
    bounds.push_back(static_cast<std::size_t>(even_part(like.numel(), processes_.size(), r).end) *
                     size);
  const auto own = static_cast<std::size_t>(processes_.rank());
  if (slice.defined()) std::memcpy(whole.mutable_raw() + bounds[own], slice.raw(), slice.bytes());
  processes_.collectives().all_gather(text("the gathering of step ", step_), whole, bounds);
  return whole;
}

void DataParallel::gather_sparse(const Tensor& slice, Tensor& whole) const {
  detail::Collectives& all = processes_.collectives();
  std::vector<std::byte> own;
  if (slice.defined()) detail::append_sparse(own, slice, {0, slice.numel()});
  std::vector<std::size_t> bounds = {0};
  for (const std::uint64_t size :
       all.gather_words(text("the sizes to gather in step ", step_), {own.size()}))
    bounds.push_back(bounds.back() + static_cast<std::size_t>(size));
  Tensor bytes = Tensor::empty({static_cast<std::int64_t>(bounds.back())}, DType::uint8);
  std::memcpy(bytes.mutable_raw() + bounds[static_cast<std::size_t>(processes_.rank())], own.data(),
              own.size());
  all.all_gather(text("the gathering of step ", step_), bytes, bounds);
  const std::byte* from = bytes.raw();
  for (int r = 0; r < processes_.size(); ++r) {
    const ShardRange range = even_part(whole.numel(), processes_.size(), r);
    if (range.empty()) continue;
    Tensor part = whole.rows(range.begin, range.end);
    detail::take_sparse(from, part);
  }
}

// How much each rank sends here.
std::vector<std::size_t> DataParallel::sizes_of(
    const Sums& mine, const std::vector<std::vector<std::byte>>& messages) const {
  std::vector<std::size_t> sizes;
  if (sparse_) {
    std::vector<std::vector<std::byte>> told(messages.size());
    for (std::size_t r = 0; r < told.size(); ++r) {
      const std::uint64_t size = messages[r].size();
      append(told[r], reinterpret_cast<const std::byte*>(&size), sizeof size);
    }
    for (const std::vector<std::byte>& word : processes_.collectives().all_to_all(
             text("the sizes of step ", step_), told,
             std::vector<std::size_t>(told.size(), sizeof(std::uint64_t)))) {
      std::uint64_t size = 0;
      std::memcpy(&size, word.data(), sizeof size);
      sizes.push_back(static_cast<std::size_t>(size));
    }
    return sizes;
  }
  const std::vector<Tensor>& like = mine.nodes[0].sums;
  const std::vector<ShardRange> slice = slices(like, processes_.size(), processes_.rank());
  std::size_t slice_bytes = 0;
  for (std::size_t i = 0; i < slice.size(); ++i)
    if (!slice[i].empty())
      slice_bytes += static_cast<std::size_t>(slice[i].size()) * size_of(like[i].dtype());
  for (int r = 0; r < processes_.size(); ++r)
    sizes.push_back(header_words(r, mine.marks.size()) * 8 +
                    ShardSum::nodes_of(shards(), shards_of(r)).size() * slice_bytes);
  return sizes;
}

DataParallel::Sums DataParallel::combine(Sums mine) {
  detail::Collectives& all = processes_.collectives();
  if (processes_.size() == 1) {
    all.stop_signal = plumb::detail::noted_signal();
    return ShardedGradient::combine(std::move(mine));
  }
  const std::vector<Tensor> like = mine.nodes[0].sums;
  const std::vector<std::vector<std::byte>> out = messages(mine);
  const std::vector<std::size_t> sizes = sizes_of(mine, out);
  Sums total;
  total.marks.resize(mine.marks.size());
  std::vector<Tensor> sum =
      add_up(all.all_to_all(text("the exchange of step ", step_), out, sizes), like, total);
  divide(sum, total.reports);
  std::vector<Tensor> whole;
  for (std::size_t i = 0; i < like.size(); ++i) whole.push_back(gather(sum[i], like[i]));
  total.nodes = {{0, 0, std::move(whole)}};
  return total;
}

}  // namespace plumb::distributed
