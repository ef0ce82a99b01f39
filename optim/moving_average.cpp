#include "moving_average.hpp"

#include "../core/runtime/floating_point.hpp"
#include "../core/runtime/internal/fail.hpp"
#include "../core/simd/loops.hpp"
#include "../core/tensor/operators.hpp"

namespace plumb::optim {
namespace {

constexpr const char* owner = "MovingAverage";

void check_beta(double beta) {
  if (!(beta >= 0 && beta < 1)) fail(owner, "beta must be in [0, 1), got ", beta);
}

const char* name(Averaging averaging) {
  switch (averaging) {
    case Averaging::simple:
      return "simple";
    case Averaging::exponential:
      return "exponential";
    default:
      return "debiased";
  }
}

// What differs between numbers and tensors.

void prepare(double&, double) {}
void blend(double& average, double keep, double take, double x) {
  average = keep * average + take * x;
}
void step_to_mean(double& mean, double count, double x) { mean += (x - mean) / count; }
double copy(double x) { return x; }
void save(StateDict& to, double average) { to.set("average", average); }
double load(const StateDict& from, double) { return from.scalar<double>("average"); }

void check_fits(const Tensor& x, const Tensor& average) {
  if (!is_floating(x.dtype())) fail(owner, "expected float32 or float64, got ", x.dtype());
  if (average.defined() && (x.shape() != average.shape() || x.dtype() != average.dtype()))
    fail(owner, "expected ", average.shape(), " of ", average.dtype(), ", got ", x.shape(), " of ",
         x.dtype());
}
void prepare(Tensor& average, const Tensor& x) {
  if (!x.defined()) fail(owner, "the tensor is undefined");
  check_fits(x, average);
  if (!average.defined()) average = Tensor::zeros(x.shape(), x.dtype());
}
void blend(Tensor& average, double keep, double take, const Tensor& x) {
  const plumb::detail::FloatingPointMode mode;
  kernel::map_into(
      average, Write::overwrite,
      [=](auto a, auto x) { return decltype(a)(keep) * a + decltype(a)(take) * x; }, average, x);
}
void step_to_mean(Tensor& mean, double count, const Tensor& x) {
  const plumb::detail::FloatingPointMode mode;
  kernel::map_into(
      mean, Write::overwrite, [=](auto m, auto x) { return m + (x - m) / decltype(m)(count); },
      mean, x);
}
Tensor copy(const Tensor& x) { return x.clone(); }
void save(StateDict& to, const Tensor& average) { to.set("average", average); }
Tensor load(const StateDict& from, const Tensor& average) {
  const Tensor& loaded = from.tensor("average");
  check_fits(loaded, average);
  return loaded.clone();
}

}  // namespace

template <class Value>
BasicMovingAverage<Value>::BasicMovingAverage(Averaging averaging, double beta)
    : averaging_(averaging), beta_(beta) {
  check_beta(beta);
}

template <class Value>
void BasicMovingAverage<Value>::add(const Value& x) {
  prepare(average_, x);
  ++count_;
  if (averaging_ == Averaging::simple) {
    step_to_mean(average_, static_cast<double>(count_), x);
  } else {
    blend(average_, beta_, 1 - beta_, x);
    weight_ = total_weight(weight_, beta_);
  }
}

template <class Value>
Value BasicMovingAverage<Value>::value() const {
  if (count_ == 0) fail(owner, "there is no value yet");
  return averaging_ == Averaging::debiased ? average_ / weight_ : copy(average_);
}

template <class Value>
void BasicMovingAverage<Value>::set_beta(double beta) {
  if (averaging_ == Averaging::simple) fail(owner, "a simple average has no beta");
  check_beta(beta);
  beta_ = beta;
}

template <class Value>
StateDict BasicMovingAverage<Value>::state_dict() const {
  StateDict state;
  state.set("averaging", name(averaging_));
  state.set("beta", beta_);
  state.set("count", count_);
  state.set("weight", weight_);
  if (count_ > 0) save(state, average_);
  return state;
}

template <class Value>
void BasicMovingAverage<Value>::load_state_dict(const StateDict& from) {
  const std::string& kind = from.scalar<std::string>("averaging");
  if (kind != name(averaging_))
    fail(owner, "the state is of a ", kind, " average, this one is ", name(averaging_));
  const double beta = from.scalar<double>("beta");
  check_beta(beta);
  const std::int64_t count = from.scalar<std::int64_t>("count");
  const double weight = from.scalar<double>("weight");
  if (count < 0 || !(weight >= 0 && weight <= 1))
    fail(owner, "count ", count, " and weight ", weight, " are not those of an average");
  Value average = count > 0 ? load(from, average_) : Value{};
  beta_ = beta;
  count_ = count;
  weight_ = weight;
  average_ = std::move(average);
}

template class BasicMovingAverage<double>;
template class BasicMovingAverage<Tensor>;

}  // namespace plumb::optim
