// ShardedGradient: the gradient of a batch that is computed in parts, with bits that do not depend on where.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "../core/io/state_dict.hpp"
#include "../core/tensor/shards.hpp"
#include "module.hpp"

namespace plumb::nn {

namespace detail {
class HeldBack;
}

/// What a loss function says of a part of a batch.
struct ShardLoss {
  /// A mean over the samples of the part.
  ShardLoss(Variable of_part) : mean(std::move(of_part)) {}  // NOLINT: what most functions return
  /// A mean over so many tokens, or anything else that is counted. 0: the part counts for nothing.
  ShardLoss(Variable of_part, double counted) : mean(std::move(of_part)), weight(counted) {}

  Variable mean;
  std::optional<double> weight = {};  ///< None: the samples of the part.
};

namespace detail {
// What `loss` says of samples `samples` of a batch, which it may want to know.
template <class Batch, class Loss>
ShardLoss loss_of_part(Loss& loss, const Batch& part, ShardRange samples) {
  if constexpr (std::is_invocable_v<Loss&, const Batch&, ShardRange>)
    return loss(part, samples);
  else
    return loss(part);
}

// What a batch says of which samples it has; 0 where it says nothing.
template <class Batch>
auto fingerprint_of(const Batch& batch, int) -> decltype(std::uint64_t{batch.fingerprint}) {
  return batch.fingerprint;
}
template <class Batch>
std::uint64_t fingerprint_of(const Batch&, ...) {
  return 0;
}
}  // namespace detail

/// Cuts every batch into the same number of shards, by position, and computes forward and backward of
/// each by itself: for batches whose graph would not fit in memory, and to have the bits of
/// distributed::DataParallel in one process.
///
/// ```
/// nn::ShardedGradient sharded(model, 8);
/// for (const data::Batch& batch : loader) {
///   const double loss = sharded.backward(batch, [&](const data::Batch& part) {
///     return nn::cross_entropy(model(part.x), part.y);  // a mean over the part
///   });
///   optimizer.step();
/// }
/// ```
///
/// The gradient is that of the mean over the whole batch, however samples are spread: each shard's
/// counts by its samples, they are added along the tree of ShardSum, and the sum is divided once. It
/// takes the place of what the parameters had. Where no shard reaches a parameter, it has none.
///
/// In a shard the model is as it would be in a process of its own. Its random streams are forks of the
/// model's, one for each step and shard, so that dropout does not depend on what other shards draw.
/// Buffers begin with the values before the step; afterwards each has its mean over the shards, by the
/// weights of their losses, and one of integers the value of the first shard that has samples. Batch norm so takes
/// the statistics of each shard (ghost batches), and a step counts as one batch.
///
/// The model must outlive it, and keeps its parameters, buffers and streams.
class ShardedGradient {
 public:
  /// Throws unless there is at least one shard.
  ShardedGradient(Module& model, std::int64_t shards);
  virtual ~ShardedGradient();
  ShardedGradient(const ShardedGradient&) = delete;
  ShardedGradient& operator=(const ShardedGradient&) = delete;

  /// Sets the gradients of the model's parameters to those of the mean loss over the batch, and
  /// returns that mean. `loss` is called with each part that has samples: it returns a ShardLoss, or
  /// the mean over the part as a Variable, and does not call backward() itself. Throws where it does, for a batch
  /// without samples, a loss that is not one number, weights that are negative, not finite or all 0, and what `loss`
  /// throws; then streams and buffers are as before, and the gradients unspecified.
  ///
  /// `loss` may take the part's place in the batch as well, [](const data::Batch& part, ShardRange samples):
  /// where each sample goes on with one of the batch before (data::TokenStreams), and what the model has
  /// kept of it is a row of something.
  ///
  /// A batch has samples() and part(begin, end), and perhaps a fingerprint, as data::Batch does.
  template <class Batch, class Loss>
  double backward(const Batch& batch, Loss&& loss) {
    begin_step(batch.samples(), detail::fingerprint_of(batch, 0));
    return backward_of(batch.samples(), [&](ShardRange part) -> ShardLoss {
      return detail::loss_of_part(loss, batch.part(part.begin, part.end), part);
    });
  }

  /// From here on every shard holds back what is near zero in its gradient, by the rule of optim::SGD's
  /// accumulate_below for elements of its mean: what it gives is mostly 0, and what it keeps comes later.
  /// Each shard and parameter has a residual, which begins at 0, and is lost when this is called again. 0:
  /// nothing is held back. Throws for numbers outside [0, inf).
  void accumulate_below(double threshold);

  /// What is held back, so that a run goes on from a Checkpoint bit for bit, wherever its shards are then
  /// computed: "shards", and "residual.<name>" for each parameter of which anything is, [shards, elements].
  /// Empty without accumulate_below. In DataParallel with several ranks gather_state() comes first; throws
  /// where it has not.
  StateDict state_dict() const;
  /// Throws where the state is one of another number of shards or does not fit the parameters, and for any
  /// but an empty one without accumulate_below; then nothing has changed.
  void load_state_dict(const StateDict& state);

  std::int64_t shards() const { return shards_; }
  /// The shards that this process computes: all of them, but for DataParallel.
  ShardRange mine() const { return mine_; }

 protected:
  struct Report {
    double loss = 0;  ///< The mean times the weight.
    double weight = 0;
  };
  /// What some shards gave.
  struct Sums {
    std::vector<ShardSum::Node> nodes;  ///< All of flat tensors.
    std::vector<Report> reports;        ///< A shard each.
    std::vector<std::uint8_t> marks;    ///< What has been touched: nonzero where any shard did.
  };

  ShardedGradient(Module& model, std::int64_t shards, ShardRange mine);

  /// Called before each step on a batch of so many samples, with parameters, buffers and streams as they are
  /// then.
  virtual void begin_step(std::int64_t samples, std::uint64_t fingerprint);
  /// What shards of this process gave, whose memory may be used, becomes the sum of all shards: one
  /// node, the root, which divide_into() has written; all reports; all marks.
  virtual Sums combine(Sums sums);
  /// Writes sums into tensors of their shapes, which may be they themselves; floating elements are divided by the sum of
  /// the weights. Throws where that is 0.
  static void divide_into(std::vector<Tensor>& to, const std::vector<Tensor>& sums,
                          const std::vector<Report>& reports);

  /// Of some shards that this process computes, or of all: as state_dict().
  StateDict part_of_state(ShardRange shards) const;
  /// Those of all shards, in their order, become the state.
  void load_parts(const std::vector<StateDict>& parts);

  const Parameters& parameters() const& { return parameters_; }
  const std::vector<Buffer>& buffers() const& { return buffers_; }
  const std::vector<NamedGenerator>& generators() const& { return generators_; }

 private:
  // Where something stands in a node's tensors.
  struct Place {
    std::size_t tensor = 0;
    std::int64_t begin = 0, size = 0;
  };
  // A node's tensors: one of each type, in which what is small is packed, and one for each large parameter, whose
  // gradient is not copied on its way from the graph to the parameter.
  struct Layout {
    struct Flat {
      DType dtype;
      std::int64_t size;
    };
    static constexpr std::size_t packed = 3;  // of `flats`
    std::vector<Flat> flats = {{DType::float32, 0}, {DType::float64, 0}, {DType::int64, 0}};
    std::vector<Place> parameters, buffers;

    Place add_packed(DType dtype, std::int64_t size);
    Place add_parameter(DType dtype, std::int64_t size);
    static bool is_packed(const Place& place) { return place.tensor < packed; }
    bool empty() const;
    // Those of large parameters are still undefined.
    std::vector<Tensor> tensors() const;
    std::vector<Tensor> zeros() const;
    // Fills with 0 what follows the first `filled` elements of a packed place, up to the next one.
    static void clear(std::vector<Tensor>& tensors, const Place& place, std::int64_t filled = 0);
  };
  class Streams;
  class Values;

  using LossOfPart = std::function<ShardLoss(ShardRange part)>;
  double backward_of(std::int64_t samples, const LossOfPart& loss);
  Report backward_of_part(ShardRange part, const LossOfPart& loss) const;
  void take_gradients(const Layout& layout, std::int64_t shard, double weight,
                      std::vector<Tensor>& into, std::vector<std::uint8_t>& marks) const;
  void set_gradients(const Layout& layout, const Sums& total) const;

  std::int64_t shards_;
  ShardRange mine_;
  Parameters parameters_;
  std::vector<Buffer> buffers_;
  std::vector<NamedGenerator> generators_;
  std::vector<std::uint8_t> moving_;             // buffers that a step has changed
  std::unique_ptr<detail::HeldBack> held_back_;  // null where nothing is
};

}  // namespace plumb::nn
