#include "sharded_gradient.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "../core/runtime/internal/fail.hpp"
#include "../core/tensor/operators.hpp"
#include "internal/held_back.hpp"
#include "internal/shard_scope.hpp"

namespace plumb::nn {
namespace {

constexpr const char* sharded = "ShardedGradient";

// Gradients begin where a vector of any processor does.
constexpr std::int64_t alignment = 16;

// Elements from which on a gradient is not packed.
constexpr std::int64_t large = std::int64_t{1} << 16;

std::int64_t rounded(std::int64_t n) { return (n + alignment - 1) / alignment * alignment; }

// A parameter's gradient, which it then no longer has, in memory that nothing else uses.
Tensor taken_gradient(Variable parameter) {
  Tensor gradient = parameter.grad();
  parameter.set_grad(Tensor());
  return gradient.unique() ? gradient : gradient.clone();
}

std::int64_t first_with_samples(std::int64_t samples, std::int64_t shards) {
  std::int64_t shard = 0;
  while (even_part(samples, shards, shard).empty()) ++shard;
  return shard;
}

}  // namespace

ShardedGradient::Place ShardedGradient::Layout::add_packed(DType dtype, std::int64_t size) {
  const std::size_t tensor = dtype == DType::float32 ? 0 : dtype == DType::float64 ? 1 : 2;
  std::int64_t& end = flats[tensor].size;
  const Place place{tensor, end, size};
  end = rounded(end + size);
  return place;
}

ShardedGradient::Place ShardedGradient::Layout::add_parameter(DType dtype, std::int64_t size) {
  if (size < large) return add_packed(dtype, size);
  flats.push_back({dtype, size});
  return {flats.size() - 1, 0, size};
}

bool ShardedGradient::Layout::empty() const {
  return std::all_of(flats.begin(), flats.end(), [](const Flat& flat) { return flat.size == 0; });
}

std::vector<Tensor> ShardedGradient::Layout::tensors() const {
  std::vector<Tensor> tensors(flats.size());
  for (std::size_t i = 0; i < packed; ++i)
    if (flats[i].size > 0) tensors[i] = Tensor::empty({flats[i].size}, flats[i].dtype);
  return tensors;
}

std::vector<Tensor> ShardedGradient::Layout::zeros() const {
  std::vector<Tensor> zeros(flats.size());
  for (std::size_t i = 0; i < flats.size(); ++i)
    if (flats[i].size > 0) zeros[i] = Tensor::zeros({flats[i].size}, flats[i].dtype);
  return zeros;
}

void ShardedGradient::Layout::clear(std::vector<Tensor>& tensors, const Place& place,
                                    std::int64_t filled) {
  if (place.size == 0) return;
  Tensor& tensor = tensors[place.tensor];
  const std::int64_t end = rounded(place.begin + place.size);
  tensor.rows(place.begin + filled, end).fill(0);
}

ShardedGradient::ShardedGradient(Module& model, std::int64_t shards)
    : ShardedGradient(model, shards, {0, shards}) {}

ShardedGradient::ShardedGradient(Module& model, std::int64_t shards, ShardRange mine)
    : shards_(shards), mine_(mine) {
  if (shards < 1) fail(sharded, "shards must be at least 1, got ", shards);
  parameters_ = model.parameters();
  buffers_ = model.buffers();
  generators_ = model.generators();
  moving_.resize(buffers_.size());
}

ShardedGradient::~ShardedGradient() = default;

void ShardedGradient::accumulate_below(double threshold) {
  if (!(threshold >= 0) || std::isinf(threshold))
    fail(sharded, "accumulate_below must be in [0, inf), got ", threshold);
  held_back_ =
      threshold > 0 ? std::make_unique<detail::HeldBack>(threshold, shards_, mine_) : nullptr;
}

StateDict ShardedGradient::state_dict() const {
  if (held_back_ && !held_back_->whole())
    fail(sharded,
         "what other processes hold back is not here: gather_state() comes before state_dict()");
  return part_of_state({0, shards_});
}

StateDict ShardedGradient::part_of_state(ShardRange shards) const {
  return held_back_ ? held_back_->state(shards, parameters_) : StateDict();
}

void ShardedGradient::load_state_dict(const StateDict& state) {
  if (held_back_)
    held_back_->load(state, parameters_);
  else if (!state.empty())
    fail(sharded, "the state is of a run that holds back, but accumulate_below is 0 here");
}

void ShardedGradient::load_parts(const std::vector<StateDict>& parts) {
  if (held_back_) held_back_->load(detail::joined(parts), parameters_);
}

void ShardedGradient::begin_step(std::int64_t samples, std::uint64_t) {
  if (samples < 1) fail(sharded, "the batch has no samples");
}

double ShardedGradient::backward_of(std::int64_t samples, const LossOfPart& loss) {
  if (held_back_) held_back_->undo();
  Layout layout;
  for (const Parameter& p : parameters_)
    layout.parameters.push_back(p.variable.requires_grad()
                                    ? layout.add_parameter(p.variable.dtype(), p.variable.numel())
                                    : Place());
  for (std::size_t i = 0; i < buffers_.size(); ++i) {
    const Variable& buffer = buffers_[i].variable;
    layout.buffers.push_back(moving_[i] ? layout.add_packed(buffer.dtype(), buffer.numel())
                                        : Place());
  }

  Streams streams(generators_, shards_);
  Values values(buffers_);
  const std::int64_t first = first_with_samples(samples, shards_);
  std::vector<std::vector<Tensor>> after;  // the buffers, a shard each
  ShardSum sum(shards_);
  Sums mine;
  mine.marks.resize(parameters_.size() + buffers_.size());
  for (std::int64_t shard = mine_.begin; shard < mine_.end; ++shard) {
    const ShardRange part = even_part(samples, shards_, shard);
    std::vector<Tensor> given = part.empty() ? layout.zeros() : layout.tensors();
    mine.reports.emplace_back();
    after.emplace_back(buffers_.size());
    if (!part.empty()) {
      streams.enter(shard);
      mine.reports.back() = backward_of_part(part, loss);
      after.back() = values.take();
      take_gradients(layout, shard, mine.reports.back().weight, given, mine.marks);
      values.take_differences(after.back(), layout.buffers, mine.reports.back().weight,
                              shard == first, given);
    }
    for (std::size_t i = 0; i < buffers_.size(); ++i)
      if (after.back()[i].defined()) mine.marks[parameters_.size() + i] = 1;
    sum.add(shard, std::move(given));
  }
  mine.nodes = std::move(sum).nodes();
  Sums total = combine(mine);
  values.move_by(layout.buffers, total.nodes[0].sums);

  // Buffers that have stood still until this step.
  Layout late;
  for (std::size_t i = 0; i < buffers_.size(); ++i) {
    const Variable& buffer = buffers_[i].variable;
    const bool moved = !moving_[i] && total.marks[parameters_.size() + i] != 0;
    late.buffers.push_back(moved ? late.add_packed(buffer.dtype(), buffer.numel()) : Place());
  }
  if (!late.empty()) {
    ShardSum of_buffers(shards_);
    for (std::int64_t i = 0; i < mine_.size(); ++i) {
      const auto at = static_cast<std::size_t>(i);
      std::vector<Tensor> given = late.zeros();
      values.take_differences(after[at], late.buffers, mine.reports[at].weight,
                              mine_.begin + i == first, given);
      of_buffers.add(mine_.begin + i, std::move(given));
    }
    mine.nodes = std::move(of_buffers).nodes();
    values.move_by(late.buffers, combine(mine).nodes[0].sums);
    for (std::size_t i = 0; i < buffers_.size(); ++i)
      if (late.buffers[i].size > 0) moving_[i] = 1;
  }
  set_gradients(layout, total);
  values.keep();
  streams.keep();
  if (held_back_) held_back_->keep();

  Report all;
  for (const Report& report : total.reports) {
    all.loss += report.loss;
    all.weight += report.weight;
  }
  return all.loss / all.weight;
}

ShardedGradient::Report ShardedGradient::backward_of_part(ShardRange part,
                                                          const LossOfPart& loss) const {
  for (const Parameter& p : parameters_) Variable(p.variable).zero_grad();
  const ShardLoss of_part = loss(part);
  // A graph that is gone would ask for retain_graph, and one that is not would count twice.
  for (const Parameter& p : parameters_)
    if (p.variable.grad().defined())
      fail(sharded, "the loss function has called backward(), '", p.name,
           "' has a gradient: return the loss, backward() of each part is called for you");
  const double weight = of_part.weight.value_or(static_cast<double>(part.size()));
  if (!std::isfinite(weight) || weight < 0)
    fail(sharded, "the weight of a loss must be in [0, inf), got ", weight);
  const Variable& mean = of_part.mean;
  if (!mean.defined() || mean.numel() != 1)
    fail(sharded, "expected the mean loss of a part, one number, got ",
         mean.defined() ? to_string(mean.shape()) : "an undefined variable");
  if (weight == 0) return {};
  mean.backward(Tensor::full(mean.shape(), weight, mean.dtype()));
  return {mean.item() * weight, weight};
}

void ShardedGradient::take_gradients(const Layout& layout, std::int64_t shard, double weight,
                                     std::vector<Tensor>& into,
                                     std::vector<std::uint8_t>& marks) const {
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const Place& place = layout.parameters[i];
    const Variable& parameter = parameters_[i].variable;
    const bool given = parameter.requires_grad() && parameter.grad().defined();
    Tensor& to = into[place.tensor];
    if (!Layout::is_packed(place)) {
      to = given ? taken_gradient(parameter).reshape({place.size})
                 : Tensor::zeros({place.size}, layout.flats[place.tensor].dtype);
    } else {
      Layout::clear(into, place, given ? place.size : 0);
      if (given && place.size > 0)
        to.rows(place.begin, place.begin + place.size).copy_from(parameter.grad().reshape({-1}));
    }
    if (!given) continue;
    marks[i] = 1;
    if (held_back_ && place.size > 0)
      held_back_->gate(shard, i, to, place.begin, place.size, weight);
  }
  for (const Place& place : layout.buffers) Layout::clear(into, place);
}

void ShardedGradient::set_gradients(const Layout& layout, const Sums& total) const {
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    Variable parameter = parameters_[i].variable;
    if (!parameter.requires_grad()) continue;
    const Place& place = layout.parameters[i];
    if (total.marks[i] == 0)
      parameter.set_grad(Tensor());
    else if (place.size == 0)
      parameter.set_grad(Tensor::zeros(parameter.shape(), parameter.dtype()));
    else
      parameter.set_grad(total.nodes[0]
                             .sums[place.tensor]
                             .rows(place.begin, place.begin + place.size)
                             .reshape(parameter.shape()));
  }
}

ShardedGradient::Sums ShardedGradient::combine(Sums sums) {
  ShardSum sum(shards_);
  for (ShardSum::Node& node : sums.nodes) sum.add(std::move(node));
  std::vector<Tensor> total = std::move(sum).total();
  divide_into(total, total, sums.reports);
  sums.nodes = {{0, 0, std::move(total)}};
  return sums;
}

void ShardedGradient::divide_into(std::vector<Tensor>& to, const std::vector<Tensor>& sums,
                                  const std::vector<Report>& reports) {
  double weight = 0;
  for (const Report& report : reports) weight += report.weight;
  if (weight == 0) fail(sharded, "no part of the batch counts: all weights are 0");
  for (std::size_t i = 0; i < sums.size(); ++i) {
    if (!sums[i].defined()) continue;
    if (is_floating(sums[i].dtype()))
      plumb::divide_into(to[i], sums[i], weight);
    else if (to[i].raw() != sums[i].raw())
      to[i].copy_from(sums[i]);
  }
}

}  // namespace plumb::nn
