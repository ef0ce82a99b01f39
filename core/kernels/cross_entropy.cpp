#include "cross_entropy.hpp"

#include "../simd/vector_math.hpp"
#include "../tensor/internal/dispatch.hpp"
#include "lanes.hpp"
#include "ordered_sum.hpp"

namespace plumb::kernel {
namespace {

// ClassCosts for scores of type T, and targets.
template <class T>
struct Costs {
  Costs(const ClassCosts& costs, const Tensor& targets, std::int64_t classes)
      : weights(costs.weight.defined() ? costs.weight.data<T>() : nullptr),
        targets(targets.data<std::int64_t>()),
        classes(classes),
        ignore_index(costs.ignore_index),
        smoothing(costs.label_smoothing),
        share(costs.label_smoothing / static_cast<double>(classes)) {
    for (std::int64_t k = 0; k < classes && smoothing > 0; ++k) total += weight(k);
  }

  PLUMB_INLINE T weight(std::int64_t k) const { return weights != nullptr ? weights[k] : T(1); }
  PLUMB_INLINE bool counts(std::int64_t row) const { return targets[row] != ignore_index; }

  const T* weights;  // null: all 1
  const std::int64_t* targets;
  std::int64_t classes;
  std::int64_t ignore_index;
  double smoothing;
  double share;      // of it that each class has
  double total = 0;  // of the weights, where smoothing needs it
};

// The sum of f(row) over the rows that are not ignored, and of their weights; each is stored too.
template <class T, class F>
PLUMB_INLINE inline void add_rows(ClassSums& sums, std::int64_t begin, std::int64_t end,
                                  const Costs<T>& costs, T* losses, F f) {
  ClassSums own = sums;  // in registers
  for (std::int64_t row = begin; row < end; ++row) {
    const bool counts = costs.counts(row);
    const double value = counts ? f(row) : 0.0;
    if (counts) own += {value, static_cast<double>(costs.weight(costs.targets[row]))};
    if (losses != nullptr) losses[row] = static_cast<T>(value);
  }
  sums = own;
}

template <class T>
T* data_or_null(Tensor& x) {
  return x.defined() ? x.mutable_data<T>() : nullptr;
}

// What the backward reads of each row: the largest score, and 1 / (sum of exponentials).
template <class T>
struct RowState {
  explicit RowState(T* state, std::int64_t rows) : highest(state), inverse(state + rows) {}

  T *highest, *inverse;
};

// x - highest, where both may be infinite.
template <class T>
PLUMB_INLINE inline T below(T x, T highest) {
  return is_infinite(x) ? T(0) : x - highest;
}
template <class T>
PLUMB_INLINE inline double distance_of(T x, T highest) {
  return -below(static_cast<double>(x), static_cast<double>(highest));
}

// What the sums of a row become where its highest score is infinite.
template <class L, class T>
void take_limit(const L& lanes, int c, const T* x, const Costs<T>& costs, double& sum,
                double& distances) {
  sum = has_limit(lanes, c, x) ? 1 : std::numeric_limits<double>::quiet_NaN();
  distances = 0;
  for (std::int64_t k = 0; k < lanes.size() && costs.smoothing > 0; ++k)
    distances += static_cast<double>(costs.weight(k)) *
                 distance_of(x[lanes.at(c, k)], std::numeric_limits<T>::infinity());
}

// The losses of some rows of scores; saves their state.
template <class L, class T>
PLUMB_INLINE inline void row_losses(ClassSums& result, std::int64_t first, const L& lanes,
                                    const T* x, const Costs<T>& costs, const RowState<T>& state,
                                    T* losses) {
  T highest[L::most];
  double sums[L::most], log_sums[L::most], inverses[L::most], distances[L::most] = {};
  lanes.max(highest, x);
  lanes.template sum<T>(sums, [&](std::int64_t i, int c, std::int64_t)
                                  PLUMB_INLINE { return vector_math::exp(x[i] - highest[c]); });
  // In double the distance from the largest score is exact, and so is a loss near 0.
  if (costs.smoothing > 0)
    lanes.template sum<double>(distances, [&](std::int64_t i, int c, std::int64_t k) PLUMB_INLINE {
      const double distance = static_cast<double>(highest[c]) - static_cast<double>(x[i]);
      return static_cast<double>(costs.weight(k)) * distance;
    });
  if (any_infinite(highest, lanes.count()))
    for (int c = 0; c < lanes.count(); ++c)
      if (is_infinite(highest[c])) take_limit(lanes, c, x, costs, sums[c], distances[c]);
#pragma omp simd
  for (int c = 0; c < lanes.count(); ++c) {
    log_sums[c] = vector_math::log(sums[c]);
    inverses[c] = 1 / sums[c];
  }
  for (int c = 0; c < lanes.count(); ++c) {
    state.highest[first + c] = highest[c];
    state.inverse[first + c] = static_cast<T>(inverses[c]);
  }
  add_rows(result, first, first + lanes.count(), costs, losses, [&](std::int64_t row) PLUMB_INLINE {
    const auto c = static_cast<int>(row - first);
    const std::int64_t target = costs.targets[row];
    const double distance = distance_of(x[lanes.at(c, target)], highest[c]);
    const double own = costs.weight(target) * (distance + log_sums[c]);
    if (costs.smoothing == 0) return own;
    const double all = distances[c] + costs.total * log_sums[c];
    return (1 - costs.smoothing) * own + costs.share * all;
  });
}

// dx = or += the slope of the losses of some rows times the gradient of each and a factor; `g` is
// that of all rows, or one for each (`g_stride` 0 or 1).
template <class L, class T>
PLUMB_INLINE inline void row_gradients(T* dx, Write mode, std::int64_t first, const L& lanes,
                                       const T* x, const Costs<T>& costs,
                                       const RowState<const T>& state, const T* g,
                                       std::int64_t g_stride, double factor) {
  T counts[L::most], weights[L::most], outer[L::most];
  for (int c = 0; c < lanes.count(); ++c) {
    const std::int64_t row = first + c;
    counts[c] = costs.counts(row);
    weights[c] = costs.counts(row) ? costs.weight(costs.targets[row]) : T(0);
    outer[c] = g[row * g_stride];
  }
  const T *highest = state.highest + first, *inverse = state.inverse + first;
  T scale[L::most], each[L::most], own[L::most];
#pragma omp simd
  for (int c = 0; c < lanes.count(); ++c) {
    const double slope = outer[c] * factor;
    const double share = slope * costs.share;
    const double at_target = slope * (1 - costs.smoothing) * weights[c];
    scale[c] = static_cast<T>((at_target + share * costs.total) * inverse[c]);
    each[c] = counts[c] != 0 ? static_cast<T>(share) : T(0);
    own[c] = static_cast<T>(at_target);
  }
  // An ignored row's scores may be NaN, its gradient is 0 all the same.
  const auto slope = [&](T distance, int c) PLUMB_INLINE {
    const T value = scale[c] * vector_math::exp(distance);
    return counts[c] != 0 ? value : T(0);
  };
  if (costs.smoothing == 0 && !any_infinite(highest, lanes.count())) {
    lanes.store(dx, mode, [&](std::int64_t i, int c, std::int64_t) PLUMB_INLINE {
      return slope(x[i] - highest[c], c);
    });
  } else {
    lanes.store(dx, mode, [&](std::int64_t i, int c, std::int64_t k) PLUMB_INLINE {
      return slope(below(x[i], highest[c]), c) - each[c] * costs.weight(k);
    });
  }
  for (int c = 0; c < lanes.count(); ++c)
    if (counts[c] != 0) dx[lanes.at(c, costs.targets[first + c])] -= own[c];
}

}  // namespace

ClassSums cross_entropy(Tensor& losses, Tensor& state, const Tensor& x, const Tensor& targets,
                        const ClassCosts& costs) {
  return dispatch_floating("cross_entropy", x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const Costs<T> typed(costs, targets, x.shape()[1]);
    const Lanes lanes(x.shape(), 1);
    const T* scores = x.data<T>();
    const RowState<T> saved(state.mutable_data<T>(), lanes.count);
    T* each = data_or_null<T>(losses);
    return ordered_sum<ClassSums>(
        lanes.count, lanes.grain(), [&](std::int64_t begin, std::int64_t end) {
          ClassSums sums;
          for_lanes(lanes, begin, end, [&](std::int64_t row, const auto& group) PLUMB_INLINE {
            row_losses(sums, row, group, scores, typed, saved, each);
          });
          return sums;
        });
  });
}

void cross_entropy_into(Tensor& dx, Write mode, const Tensor& g, double divisor, const Tensor& x,
                        const Tensor& targets, const Tensor& state, const ClassCosts& costs) {
  dispatch_floating("cross_entropy", dx.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const Costs<T> typed(costs, targets, x.shape()[1]);
    const Lanes lanes(x.shape(), 1);
    const T *scores = x.data<T>(), *outer = g.data<T>();
    const RowState<const T> saved(state.data<T>(), lanes.count);
    const std::int64_t outer_stride = g.rank() == 0 ? 0 : 1;
    T* to = dx.mutable_data<T>();
    parallel_for(lanes.count, lanes.grain(), [&](std::int64_t begin, std::int64_t end) {
      for_lanes(lanes, begin, end, [&](std::int64_t row, const auto& group) PLUMB_INLINE {
        row_gradients(to, mode, row, group, scores, typed, saved, outer, outer_stride, 1 / divisor);
      });
    });
  });
}

ClassSums nll(Tensor& losses, const Tensor& x, const Tensor& targets, const ClassCosts& costs) {
  return dispatch_floating("nll", x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const Costs<T> typed(costs, targets, x.shape()[1]);
    const Lanes lanes(x.shape(), 1);
    const T* scores = x.data<T>();
    T* each = data_or_null<T>(losses);
    return ordered_sum<ClassSums>(lanes.count, lane_grain,
                                  [&](std::int64_t begin, std::int64_t end) {
                                    ClassSums sums;
                                    add_rows(sums, begin, end, typed, each, [&](std::int64_t row) {
                                      const std::int64_t target = typed.targets[row];
                                      return -static_cast<double>(typed.weight(target)) *
                                             scores[lanes.start(row) + target * lanes.stride];
                                    });
                                    return sums;
                                  });
  });
}

void nll_into(Tensor& dx, Write mode, const Tensor& g, double divisor, const Tensor& targets,
              const ClassCosts& costs) {
  if (mode == Write::overwrite) dx.fill(0);
  dispatch_floating("nll", dx.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const Costs<T> typed(costs, targets, dx.shape()[1]);
    const Lanes lanes(dx.shape(), 1);
    const T* outer = g.data<T>();
    const std::int64_t outer_stride = g.rank() == 0 ? 0 : 1;
    T* to = dx.mutable_data<T>();
    parallel_for(lanes.count, lane_grain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t row = begin; row < end; ++row) {
        if (!typed.counts(row)) continue;
        const std::int64_t target = typed.targets[row];
        to[lanes.start(row) + target * lanes.stride] -=
            static_cast<T>(typed.weight(target) * (outer[row * outer_stride] / divisor));
      }
    });
  });
}

}  // namespace plumb::kernel
