// Moving averages of numbers and of tensors: simple, exponential and debiased exponential.
#pragma once

#include <cstdint>

#include "../core/io/state_dict.hpp"

namespace plumb::optim {

/// The weights of an exponential average add up to q = 1 - b1 b2 ... bi, which is 0 at the start.
/// This is q after one more step with beta, from q before it. No digit is lost in this form; 1 minus
/// a running product keeps twelve of sixteen for beta 0.9999 and small i.
inline double total_weight(double before, double beta) { return beta * before + (1 - beta); }

/// What a moving average is, for values x1, x2, ... and a0 = 0.
enum class Averaging : std::uint8_t {
  simple,       ///< ai = ai-1 + (xi - ai-1) / i: the mean of all so far.
  exponential,  ///< ai = beta ai-1 + (1 - beta) xi: begins at 0 and lags behind.
  debiased,  ///< The same ai, read as ai / (1 - beta^i): a weighted mean from the first value on.
};

/// A moving average of doubles or of tensors.
///
/// The state is never divided. Where beta changes on the way, beta^i is the product of all betas so
/// far, so that a debiased average stays a mean whose weights add up to 1. The debiased average is
/// that of Adam (Kingma & Ba 2015, section 3). Values may be NaN or infinite, which an average
/// then stays.
///
/// Tensors are float32 or float64; the average has the shape and dtype of the first.
template <class Value>
class BasicMovingAverage {
 public:
  static BasicMovingAverage simple() { return BasicMovingAverage(Averaging::simple, 0); }
  /// beta in [0, 1); throws otherwise, as does set_beta.
  static BasicMovingAverage exponential(double beta) {
    return BasicMovingAverage(Averaging::exponential, beta);
  }
  static BasicMovingAverage debiased(double beta) {
    return BasicMovingAverage(Averaging::debiased, beta);
  }

  /// Takes the next value. Throws where a tensor's shape or dtype is not that of the first.
  void add(const Value& x);
  /// The average; a tensor is a copy. Throws while there is no value.
  Value value() const;
  /// ai itself, never divided; shares memory. 0, or undefined, while there is no value.
  Value state() const { return average_; }
  /// Values so far.
  std::int64_t count() const { return count_; }

  Averaging averaging() const { return averaging_; }
  double beta() const { return beta_; }
  /// Sets beta for the values to come. Throws for a simple average.
  void set_beta(double beta);

  /// What load_state_dict needs to go on as if never interrupted. Shares memory with this average.
  StateDict state_dict() const;
  /// Throws, changing nothing, where the state is of another kind of average or of other tensors.
  void load_state_dict(const StateDict& from);

 private:
  BasicMovingAverage(Averaging averaging, double beta);

  Averaging averaging_;
  double beta_;
  std::int64_t count_ = 0;
  double weight_ = 0;  // 1 - product of the betas
  Value average_{};
};

extern template class BasicMovingAverage<double>;
extern template class BasicMovingAverage<Tensor>;

using MovingAverage = BasicMovingAverage<double>;
using TensorMovingAverage = BasicMovingAverage<Tensor>;

}  // namespace plumb::optim
