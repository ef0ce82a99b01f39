#include "optimizer.hpp"

#include <algorithm>

#include "loops.hpp"

namespace plumb::kernel {
namespace {

// Where a tensor lies when all are laid end to end, so that threads share them evenly.
struct Extent {
  std::int64_t start;
  std::int64_t size;
};

// Calls f(tensor, begin, end) for pieces of all tensors. The cuts depend on the sizes alone.
template <class F>
void over_pieces(const std::vector<Extent>& extents, std::int64_t total, F f) {
  parallel_for(total, grain, [&](std::int64_t begin, std::int64_t end) {
    auto at = std::upper_bound(extents.begin(), extents.end(), begin,
                               [](std::int64_t x, const Extent& e) { return x < e.start; });
    for (--at; at != extents.end() && at->start < end; ++at) {
      const std::int64_t first = std::max(begin - at->start, std::int64_t{0});
      const std::int64_t last = std::min(end - at->start, at->size);
      if (first < last) f(static_cast<std::size_t>(at - extents.begin()), first, last);
    }
  });
}

// An SgdPass in its element type.
template <class T>
struct Sgd {
  T* parameter;
  const T* gradient;
  T* average;
  T sign, weight_decay, keep, take, from_average, from_gradient, rate;
  void (*loop)(const Sgd& pass, std::int64_t begin, std::int64_t end);
};

enum class Direction { gradient, average, blend };

template <class T, Direction direction, bool decays>
void sgd_loop(const Sgd<T>& pass, std::int64_t begin, std::int64_t end) {
  on_best_isa([&pass, begin, end]() PLUMB_INLINE {
    const Sgd<T> s = pass;  // in registers: the compiler cannot know that the stores spare `pass`
#pragma omp simd
    for (std::int64_t i = begin; i < end; ++i) {
      T g = s.sign * s.gradient[i];
      if (decays) g += s.weight_decay * s.parameter[i];
      T d = g;
      if (direction != Direction::gradient) {
        const T a = s.keep * s.average[i] + s.take * g;
        s.average[i] = a;
        d = direction == Direction::blend ? s.from_average * a + s.from_gradient * g : a;
      }
      s.parameter[i] -= s.rate * d;
    }
  });
}

template <class T, Direction direction>
auto choose_decay(const SgdPass& pass) {
  return pass.weight_decay != 0 ? sgd_loop<T, direction, true> : sgd_loop<T, direction, false>;
}

template <class T>
auto choose_loop(const SgdPass& pass) {
  if (pass.average == nullptr) return choose_decay<T, Direction::gradient>(pass);
  if (pass.from_average == 1 && pass.from_gradient == 0)
    return choose_decay<T, Direction::average>(pass);
  return choose_decay<T, Direction::blend>(pass);
}

template <class T>
Sgd<T> in_type(SgdPass& pass) {
  return {pass.parameter.mutable_data<T>(),
          pass.gradient.data<T>(),
          pass.average != nullptr ? pass.average->mutable_data<T>() : nullptr,
          static_cast<T>(pass.sign),
          static_cast<T>(pass.weight_decay),
          static_cast<T>(pass.keep),
          static_cast<T>(pass.take),
          static_cast<T>(pass.from_average),
          static_cast<T>(pass.from_gradient),
          static_cast<T>(pass.rate),
          choose_loop<T>(pass)};
}

template <class T>
void sgd_of_type(std::vector<SgdPass>& passes) {
  constexpr std::int64_t line = 64 / sizeof(T);  // pieces begin on cache lines
  std::vector<Sgd<T>> typed;
  std::vector<Extent> extents;
  typed.reserve(passes.size());
  extents.reserve(passes.size());
  std::int64_t total = 0;
  for (SgdPass& pass : passes) {
    if (pass.parameter.dtype() != dtype_of<T>) continue;
    const std::int64_t size = pass.parameter.numel();
    typed.push_back(in_type<T>(pass));
    extents.push_back({total, size});
    total += (size + line - 1) / line * line;
  }
  over_pieces(extents, total, [&](std::size_t k, std::int64_t begin, std::int64_t end) {
    typed[k].loop(typed[k], begin, end);
  });
}

}  // namespace

void sgd(std::vector<SgdPass>& passes) {
  bool singles = false;
  bool doubles = false;
  for (const SgdPass& pass : passes)
    (pass.parameter.dtype() == DType::float32 ? singles : doubles) = true;
  if (singles) sgd_of_type<float>(passes);
  if (doubles) sgd_of_type<double>(passes);
}

void blend_into(Tensor& average, double keep, double take, const Tensor& x) {
  map_into(
      average, Write::overwrite,
      [=](auto a, auto x) { return decltype(a)(keep) * a + decltype(a)(take) * x; }, average, x);
}

void mean_into(Tensor& mean, double count, const Tensor& x) {
  map_into(
      mean, Write::overwrite, [=](auto m, auto x) { return m + (x - m) / decltype(m)(count); },
      mean, x);
}

}  // namespace plumb::kernel
