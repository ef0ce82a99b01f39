#include "data_parallel.hpp"

#include <cstring>
#include <utility>

#include "../core/runtime/internal/fail.hpp"
#include "../core/runtime/stop_request.hpp"
#include "../core/tensor/hash.hpp"
#include "internal/collectives.hpp"
#include "internal/exchange.hpp"

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

// What each rank says of its shards, one behind the other.
struct Headers {
  // `own` is what this rank says, two words of it for each of its shards, as others have them for theirs.
  Headers(const Processes& processes, const detail::Exchange& exchange,
          const std::vector<std::uint64_t>& own) {
    const auto shard_words = [&](int rank) {
      return 2 * static_cast<std::size_t>(exchange.shards_of(rank).size());
    };
    const std::size_t other_words = own.size() - shard_words(processes.rank());
    std::size_t end = 0;
    for (int rank = 0; rank < processes.size(); ++rank) {
      places.push_back({end, (other_words + shard_words(rank)) * sizeof(std::uint64_t)});
      end += places.back().size;
    }
    bytes = Tensor::empty({static_cast<std::int64_t>(end)}, DType::uint8);
    std::memcpy(bytes.mutable_raw() + places[static_cast<std::size_t>(processes.rank())].begin,
                own.data(), own.size() * sizeof(std::uint64_t));
  }
  const std::uint64_t* of(int rank) const {
    const std::byte* at = bytes.raw() + places[static_cast<std::size_t>(rank)].begin;
    return reinterpret_cast<const std::uint64_t*>(at);
  }

  Tensor bytes;
  std::vector<detail::ByteRange> places;
};

}  // namespace

DataParallel::DataParallel(Processes& processes, nn::Module& model,
                           const DataParallelOptions& options)
    : ShardedGradient(model, checked_shards(processes, options),
                      even_part(options.shards, processes.size(), processes.rank())),
      processes_(processes),
      check_every_(options.check_every) {
  if (options.accumulate_below > 0)
    exchange_ = std::make_unique<detail::SparseExchange>(processes.collectives(), options.shards);
  else
    exchange_ = std::make_unique<detail::WholeExchange>(processes.collectives(), options.shards);
  accumulate_below(options.accumulate_below);
  const StateDict state = processes_.broadcast(state_of(model, generators()));
  if (processes_.first()) return;
  model.load_state_dict(state.part("model"));
  for (const nn::NamedGenerator& stream : generators())
    stream.generator->load_state_dict(state.part("streams." + stream.name));
}

DataParallel::~DataParallel() = default;

void DataParallel::gather_state() {
  if (processes_.size() > 1) load_parts(processes_.gather(part_of_state(mine())));
}

void DataParallel::begin_step(std::int64_t samples, std::uint64_t fingerprint) {
  ShardedGradient::begin_step(samples, fingerprint);
  entries_.clear();
  samples_ = static_cast<std::uint64_t>(samples);
  fingerprint_ = fingerprint;
  hash_ = hash_of({samples_, fingerprint_});
  // What a rank has of its own, as an optimizer's state that was loaded there alone, shows behind a step.
  const bool compares = check_every_ > 0 && (step_ < 3 || step_ % check_every_ == 0);
  ++step_;
  if (!compares || processes_.size() == 1) return;
  for (const Parameter& p : parameters()) entries_.push_back(hash(p.variable.value()));
  for (const nn::Buffer& b : buffers()) entries_.push_back(hash(b.variable.value()));
  for (const nn::NamedGenerator& g : generators())
    entries_.push_back(
        hash_of({g.generator->seed(), g.generator->stream(), g.generator->position()}));
  hash_ = hash_of({hash_, hash_of(entries_)});
}

std::string DataParallel::name_of(std::size_t entry) const {
  if (entry < parameters().size()) return "parameter '" + parameters()[entry].name + "'";
  entry -= parameters().size();
  if (entry < buffers().size()) return "buffer '" + buffers()[entry].name + "'";
  return "random stream '" + generators()[entry - buffers().size()].name + "'";
}

void DataParallel::name_difference() const {
  detail::Collectives& ranks = processes_.collectives();
  const std::string what = "a comparison of all ranks";
  ranks.announce(what);
  const std::vector<std::uint64_t> batches =
      ranks.gather_words(what, {samples_, fingerprint_, entries_.size()});
  for (std::size_t at = 3; at < batches.size(); at += 3) {
    const std::string who =
        text("before step ", step_, " rank ", static_cast<std::int64_t>(at / 3));
    if (batches[at] != batches[0])
      fail(operation, who, " has another batch than rank 0: ", batches[at], " samples, not ",
           batches[0]);
    if (batches[at + 1] != batches[1])
      fail(operation, who, " has another batch than rank 0: other samples, so the seed, epoch, ",
           "position or dataset of its loader differs");
    if (batches[at + 2] != batches[2]) fail(operation, who, " has another check_every than rank 0");
  }
  const std::vector<std::uint64_t> all = ranks.gather_words(what, entries_);
  const std::size_t n = entries_.size();
  for (std::size_t at = n; at < all.size(); ++at)
    if (all[at] != all[at % n])
      fail(operation, "before step ", step_, " rank ", static_cast<std::int64_t>(at / n),
           " differs from rank 0 in ", name_of(at % n));
  fail(operation, "before step ", step_, " ranks differ");
}

// What a rank says of its shards. Words: signal, hash of batch and model, loss and weight of
// each shard, marks.
std::vector<std::uint64_t> DataParallel::header_of(const Sums& mine) const {
  std::vector<std::uint64_t> words = {static_cast<std::uint64_t>(plumb::detail::noted_signal()),
                                      hash_};
  for (const Report& report : mine.reports) {
    words.push_back(word_of(report.loss));
    words.push_back(word_of(report.weight));
  }
  const std::size_t before = words.size();
  words.resize(before + (mine.marks.size() + 7) / 8);
  std::memcpy(words.data() + before, mine.marks.data(), mine.marks.size());
  return words;
}

void DataParallel::read_header(const std::uint64_t* words, int rank, Sums& total) {
  if (words[0] != 0) processes_.collectives().stop_signal = static_cast<int>(words[0]);
  words += 2;
  for (std::int64_t shard = 0; shard < exchange_->shards_of(rank).size(); ++shard, words += 2)
    total.reports.push_back({number_of(words[0]), number_of(words[1])});
  const auto* marks = reinterpret_cast<const std::uint8_t*>(words);
  for (std::size_t i = 0; i < total.marks.size(); ++i) total.marks[i] |= marks[i];
}

DataParallel::Sums DataParallel::combine(Sums mine) {
  detail::Collectives& all = processes_.collectives();
  if (processes_.size() == 1) {
    all.stop_signal = plumb::detail::noted_signal();
    return ShardedGradient::combine(std::move(mine));
  }
  const Headers headers(processes_, *exchange_, header_of(mine));
  all.start_all_gather(headers.bytes, headers.places);
  detail::Exchange::Nodes nodes =
      exchange_->scatter(text("the exchange of step ", step_), mine.nodes);

  Sums total;
  total.marks.resize(mine.marks.size());
  bool alike = true;
  for (int r = 0; r < processes_.size(); ++r) {
    read_header(headers.of(r), r, total);
    alike = alike && headers.of(r)[1] == headers.of(0)[1];
  }
  if (!alike) name_difference();
  ShardSum sum(shards());
  for (ShardSum::Node& node : nodes) sum.add(std::move(node));
  // What this rank had is no longer needed: the whole takes its place.
  std::vector<Tensor> whole = mine.nodes[0].sums, own;
  for (const Tensor& x : whole) {
    const ShardRange slice = exchange_->slice_of(x, processes_.rank());
    own.push_back(slice.empty() ? Tensor() : x.rows(slice.begin, slice.end));
  }
  divide_into(own, std::move(sum).total(), total.reports);
  exchange_->gather(text("the gathering of step ", step_), whole);
  total.nodes = {{0, 0, std::move(whole)}};
  return total;
}

}  // namespace plumb::distributed
