#include "cross_entropy.hpp"

#include <cmath>

#include "../dispatch.hpp"
#include "lanes.hpp"
#include "ordered_sum.hpp"

namespace plumb::kernel {
namespace {

// ClassCosts for scores of type T.
template <class T>
struct Costs {
  Costs(const ClassCosts& costs, std::int64_t classes)
      : weights(costs.weight.defined() ? costs.weight.data<T>() : nullptr),
        classes(classes),
        ignore_index(costs.ignore_index),
        smoothing(costs.label_smoothing) {
    if (smoothing > 0) total = lane_sum(classes, [this](std::int64_t c) { return weight(c); });
  }

  T weight(std::int64_t c) const { return weights != nullptr ? weights[c] : T(1); }

  // The loss of one row of scores; saves the largest score and 1 / (sum of exponentials).
  template <class Stride>
  double loss(const T* x, std::int64_t target, Stride stride, T* saved) const {
    const T highest = lane_max(x, classes, stride);
    const double sum =
        lane_sum(classes, [=](std::int64_t c) { return std::exp(x[c * stride] - highest); });
    saved[0] = highest;
    saved[1] = static_cast<T>(1 / sum);
    const double log_sum = std::log(sum);
    // In double the distance from the largest score is exact, and so is a loss near 0.
    const auto distance = [=](std::int64_t c) {
      return static_cast<double>(highest) - static_cast<double>(x[c * stride]);
    };
    const double own = weight(target) * (distance(target) + log_sum);
    if (smoothing == 0) return own;
    const double all = lane_sum(classes, [&](std::int64_t c) { return weight(c) * distance(c); }) +
                       total * log_sum;
    return (1 - smoothing) * own + smoothing / static_cast<double>(classes) * all;
  }

  // dx = or += factor times the slope of the loss.
  template <class Stride>
  void gradient(T* dx, Write mode, double factor, const T* x, std::int64_t target, Stride stride,
                const T* saved) const {
    const double own = factor * (1 - smoothing) * weight(target);
    const T highest = saved[0];
    if (smoothing == 0) {
      const T scale = static_cast<T>(own * saved[1]);
      store_lane(dx, mode, classes, stride,
                 [=](std::int64_t c) { return scale * std::exp(x[c * stride] - highest); });
    } else {
      const double share = factor * smoothing / static_cast<double>(classes);
      const T scale = static_cast<T>((own + share * total) * saved[1]);
      const T each = static_cast<T>(share);
      store_lane(dx, mode, classes, stride, [=](std::int64_t c) {
        return scale * std::exp(x[c * stride] - highest) - each * weight(c);
      });
    }
    dx[target * stride] -= static_cast<T>(own);
  }

  const T* weights;  // null: all 1
  std::int64_t classes;
  std::int64_t ignore_index;
  double smoothing;
  double total = 0;  // of the weights, where smoothing needs it
};

// Sums loss(row, start, stride, target) over the rows that are not ignored, and stores each.
template <class T, class F>
ClassSums sum_rows(const Shape& shape, Tensor& losses, const Tensor& targets, const Costs<T>& costs,
                   F loss) {
  const Lanes lanes(shape, 1);
  const std::int64_t* target = targets.data<std::int64_t>();
  T* each = losses.defined() ? losses.mutable_data<T>() : nullptr;
  return with_stride(lanes.stride, [&](auto stride) {
    return ordered_sum<ClassSums>(
        lanes.count, lanes.grain(), [&](std::int64_t begin, std::int64_t end) {
          ClassSums sums;
          for (std::int64_t row = begin; row < end; ++row) {
            const std::int64_t t = target[row];
            const bool counts = t != costs.ignore_index;
            const double value = counts ? loss(row, lanes.start(row, stride), stride, t) : 0.0;
            if (counts) sums += {value, static_cast<double>(costs.weight(t))};
            if (each != nullptr) each[row] = static_cast<T>(value);
          }
          return sums;
        });
  });
}

// Calls slope(row, start, stride, target, factor) for the rows that are not ignored, where factor
// is the row's gradient over the divisor, and gives the others the gradient 0.
template <class T, class F>
void gradient_rows(Tensor& dx, Write mode, const Tensor& g, double divisor, const Tensor& targets,
                   const Costs<T>& costs, F slope) {
  const Lanes lanes(dx.shape(), 1);
  const std::int64_t* target = targets.data<std::int64_t>();
  const T* outer = g.data<T>();
  const std::int64_t outer_stride = g.rank() == 0 ? 0 : 1;
  T* to = dx.mutable_data<T>();
  with_stride(lanes.stride, [&](auto stride) {
    parallel_for(lanes.count, lanes.grain(), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t row = begin; row < end; ++row) {
        const std::int64_t start = lanes.start(row, stride);
        if (target[row] == costs.ignore_index) {
          if (mode == Write::overwrite)
            store_lane(to + start, mode, lanes.size, stride, [](std::int64_t) { return T(0); });
        } else {
          slope(row, start, stride, target[row], outer[row * outer_stride] / divisor);
        }
      }
    });
  });
}

}  // namespace

ClassSums cross_entropy(Tensor& losses, Tensor& state, const Tensor& x, const Tensor& targets,
                        const ClassCosts& costs) {
  return dispatch_floating("cross_entropy", x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const Costs<T> typed(costs, x.shape()[1]);
    const T* scores = x.data<T>();
    T* saved = state.mutable_data<T>();
    return sum_rows(x.shape(), losses, targets, typed,
                    [&](std::int64_t row, std::int64_t start, auto stride, std::int64_t target) {
                      return typed.loss(scores + start, target, stride, saved + 2 * row);
                    });
  });
}

void cross_entropy_into(Tensor& dx, Write mode, const Tensor& g, double divisor, const Tensor& x,
                        const Tensor& targets, const Tensor& state, const ClassCosts& costs) {
  dispatch_floating("cross_entropy", dx.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const Costs<T> typed(costs, x.shape()[1]);
    const T* scores = x.data<T>();
    const T* saved = state.data<T>();
    T* to = dx.mutable_data<T>();
    gradient_rows(
        dx, mode, g, divisor, targets, typed,
        [&](std::int64_t row, std::int64_t start, auto stride, std::int64_t target, double factor) {
          typed.gradient(to + start, mode, factor, scores + start, target, stride, saved + 2 * row);
        });
  });
}

ClassSums nll(Tensor& losses, const Tensor& x, const Tensor& targets, const ClassCosts& costs) {
  return dispatch_floating("nll", x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const Costs<T> typed(costs, x.shape()[1]);
    const T* scores = x.data<T>();
    return sum_rows(x.shape(), losses, targets, typed,
                    [&](std::int64_t, std::int64_t start, auto stride, std::int64_t target) {
                      return -static_cast<double>(typed.weight(target)) *
                             scores[start + target * stride];
                    });
  });
}

void nll_into(Tensor& dx, Write mode, const Tensor& g, double divisor, const Tensor& targets,
              const ClassCosts& costs) {
  dispatch_floating("nll", dx.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const Costs<T> typed(costs, dx.shape()[1]);
    T* to = dx.mutable_data<T>();
    gradient_rows(
        dx, mode, g, divisor, targets, typed,
        [&](std::int64_t, std::int64_t start, auto stride, std::int64_t target, double factor) {
          if (mode == Write::overwrite)
            store_lane(to + start, mode, typed.classes, stride, [](std::int64_t) { return T(0); });
          to[start + target * stride] -= static_cast<T>(typed.weight(target) * factor);
        });
  });
}

}  // namespace plumb::kernel
