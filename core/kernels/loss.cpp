#include "loss.hpp"

#include <cmath>

#include "../simd/lane_sums.hpp"
#include "../simd/loops.hpp"
#include "../simd/vector_math.hpp"
#include "ordered_sum.hpp"

namespace plumb::kernel {
namespace {

// The sum of f(in...) over n elements.
template <class F, class T, class... In>
double sum_of(std::int64_t n, F f, const T* first, const In*... in) {
  return ordered_sum<double>(n, grain, [=](std::int64_t begin, std::int64_t end) {
    double sum = 0;
    on_best_vectors([=, &sum](auto bytes) PLUMB_INLINE {
      sum = sum_each<bytes, T>(end - begin, [=](std::int64_t i) PLUMB_INLINE {
        return f(first[begin + i], in[begin + i]...);
      });
    });
    return sum;
  });
}

// The loss f(x, in...); f is a generic lambda on float and double.
template <class F, class... In>
Tensor loss(std::string_view operation, Divisor divisor, F f, const Tensor& x, const In&... in) {
  return dispatch_floating(operation, x.dtype(), [&](auto tag) PLUMB_INLINE {
    using T = typename decltype(tag)::type;
    Tensor y = Tensor::empty(divisor ? Shape() : x.shape(), x.dtype());
    T* to = y.mutable_data<T>();
    if (divisor) {
      *to = static_cast<T>(sum_of(x.numel(), f, x.data<T>(), in.template data<T>()...) / *divisor);
    } else {
      loop(x.numel(), to, Write::overwrite, f, x.data<T>(), in.template data<T>()...);
    }
    return y;
  });
}

// dx = or += g / divisor slope(in...).
template <class F, class... In>
void loss_into(Tensor& dx, Write mode, const Tensor& g, Divisor divisor, F slope, const In&... in) {
  if (!divisor)
    return map_into(
        dx, mode, [slope](auto g, auto... in) PLUMB_INLINE { return g * slope(in...); }, g, in...);
  dispatch_floating("loss_into", dx.dtype(), [&](auto tag) PLUMB_INLINE {
    using T = typename decltype(tag)::type;
    const T factor = static_cast<T>(*g.data<T>() / *divisor);
    loop(
        dx.numel(), dx.mutable_data<T>(), mode,
        [=](auto... in) PLUMB_INLINE { return factor * slope(in...); }, in.template data<T>()...);
  });
}

}  // namespace

Tensor mse(const Tensor& x, const Tensor& t, Divisor divisor) {
  return loss(
      "mse", divisor, [](auto x, auto t) PLUMB_INLINE { return (x - t) * (x - t); }, x, t);
}

void mse_into(Tensor& dx, Write mode, const Tensor& g, Divisor divisor, const Tensor& x,
              const Tensor& t) {
  loss_into(
      dx, mode, g, divisor, [](auto x, auto t) PLUMB_INLINE { return 2 * (x - t); }, x, t);
}

Tensor l1(const Tensor& x, const Tensor& t, Divisor divisor) {
  return loss(
      "l1", divisor, [](auto x, auto t) PLUMB_INLINE { return std::abs(x - t); }, x, t);
}

void l1_into(Tensor& dx, Write mode, const Tensor& g, Divisor divisor, const Tensor& x,
             const Tensor& t) {
  const auto sign = [](auto z) PLUMB_INLINE {
    return z > 0 ? decltype(z)(1) : z < 0 ? decltype(z)(-1) : z;
  };
  loss_into(
      dx, mode, g, divisor, [sign](auto x, auto t) PLUMB_INLINE { return sign(x - t); }, x, t);
}

Tensor huber(const Tensor& x, const Tensor& t, double delta, Divisor divisor) {
  const auto f = [delta](auto x, auto t) PLUMB_INLINE {
    using T = decltype(x);
    const T z = std::abs(x - t);
    return z <= T(delta) ? z * z / 2 : T(delta) * (z - T(delta) / 2);
  };
  return loss("huber", divisor, f, x, t);
}

void huber_into(Tensor& dx, Write mode, const Tensor& g, Divisor divisor, const Tensor& x,
                const Tensor& t, double delta) {
  const auto slope = [delta](auto x, auto t) PLUMB_INLINE {
    using T = decltype(x);
    const T z = x - t;
    return z > T(delta) ? T(delta) : z < T(-delta) ? T(-delta) : z;
  };
  loss_into(dx, mode, g, divisor, slope, x, t);
}

// The terms in x are taken for each sign by itself: (1 - t) x - max(...) would cancel digits.
Tensor bce_with_logits(const Tensor& x, const Tensor& t, const Tensor& weight,
                       const Tensor& pos_weight, Divisor divisor) {
  const auto plain = [](auto x, auto t) PLUMB_INLINE {
    return vector_math::product_or_0(x < 0 ? -t : 1 - t, x) + vector_math::softplus_rest(x);
  };
  const auto weighted = [](auto x, auto t, auto w, auto p) PLUMB_INLINE {
    return w * (vector_math::product_or_0(x < 0 ? -p * t : 1 - t, x) +
                (1 + (p - 1) * t) * vector_math::softplus_rest(x));
  };
  if (!weight.defined()) return loss("bce_with_logits", divisor, plain, x, t);
  return loss("bce_with_logits", divisor, weighted, x, t, weight, pos_weight);
}

void bce_with_logits_into(Tensor& dx, Write mode, const Tensor& g, Divisor divisor, const Tensor& x,
                          const Tensor& t, const Tensor& weight, const Tensor& pos_weight) {
  const auto plain = [](auto x, auto t) PLUMB_INLINE { return vector_math::logistic(x) - t; };
  const auto weighted = [](auto x, auto t, auto w, auto p) PLUMB_INLINE {
    return w * ((1 + (p - 1) * t) * vector_math::logistic(x) - p * t);
  };
  if (!weight.defined()) return loss_into(dx, mode, g, divisor, plain, x, t);
  loss_into(dx, mode, g, divisor, weighted, x, t, weight, pos_weight);
}

void bce_with_logits_target_into(Tensor& dt, Write mode, const Tensor& g, Divisor divisor,
                                 const Tensor& x, const Tensor& weight, const Tensor& pos_weight) {
  const auto plain = [](auto x) PLUMB_INLINE { return -x; };
  const auto weighted = [](auto x, auto w, auto p) PLUMB_INLINE {
    using T = decltype(x);
    return w *
           (vector_math::product_or_0(p - 1, (x < 0 ? -x : T(0)) + vector_math::softplus_rest(x)) -
            x);
  };
  if (!weight.defined()) return loss_into(dt, mode, g, divisor, plain, x);
  loss_into(dt, mode, g, divisor, weighted, x, weight, pos_weight);
}

Tensor kl_div(const Tensor& x, const Tensor& t, bool log_target, Divisor divisor) {
  const auto from_probability = [](auto x, auto t) PLUMB_INLINE {
    return t == 0 ? decltype(t)(0) : t * (vector_math::log(t) - x);
  };
  const auto from_logarithm = [](auto x, auto t) PLUMB_INLINE {
    const auto e = vector_math::exp(t);
    return e == 0 ? decltype(t)(0) : e * (t - x);
  };
  return log_target ? loss("kl_div", divisor, from_logarithm, x, t)
                    : loss("kl_div", divisor, from_probability, x, t);
}

void kl_div_into(Tensor& dx, Write mode, const Tensor& g, Divisor divisor, const Tensor& t,
                 bool log_target) {
  const auto from_probability = [](auto t) PLUMB_INLINE { return -t; };
  const auto from_logarithm = [](auto t) PLUMB_INLINE { return -vector_math::exp(t); };
  if (log_target) return loss_into(dx, mode, g, divisor, from_logarithm, t);
  loss_into(dx, mode, g, divisor, from_probability, t);
}

void kl_div_target_into(Tensor& dt, Write mode, const Tensor& g, Divisor divisor, const Tensor& x,
                        const Tensor& t, bool log_target) {
  const auto from_probability = [](auto x, auto t)
                                    PLUMB_INLINE { return vector_math::log(t) + 1 - x; };
  const auto from_logarithm = [](auto x, auto t) PLUMB_INLINE {
    const auto e = vector_math::exp(t);
    return e == 0 ? decltype(t)(0) : e * (t - x + 1);
  };
  if (log_target) return loss_into(dt, mode, g, divisor, from_logarithm, x, t);
  loss_into(dt, mode, g, divisor, from_probability, x, t);
}

}  // namespace plumb::kernel
