// What the kernels of update rules share: one loop over the elements of all tensors of a step.
#pragma once

#include <algorithm>
#include <type_traits>
#include <vector>

#include "../../simd/loops.hpp"

namespace plumb::kernel {

/// Elements [begin, end) by Element::at(rule, i). Rule is a struct of pointers and factors.
template <class Element, class Rule>
void update_loop(const Rule& rule, std::int64_t begin, std::int64_t end) {
  on_best_isa([&rule, begin, end]() PLUMB_INLINE {
    const Rule local = rule;  // in registers: the compiler cannot know that the stores spare `rule`
#pragma omp simd
    for (std::int64_t i = begin; i < end; ++i) Element::at(local, i);
  });
}

/// f(constants...), one std::true_type or std::false_type for each flag.
template <class F>
auto with_flags(F f) {
  return f();
}
template <class F, class... Flags>
auto with_flags(F f, bool first, Flags... others) {
  return first ? with_flags([f](auto... rest) { return f(std::true_type(), rest...); }, others...)
               : with_flags([f](auto... rest) { return f(std::false_type(), rest...); }, others...);
}

namespace detail {

// A rule, and where its tensor lies when all are laid end to end, so that threads share them
// evenly.
template <class Rule>
struct Placed {
  std::int64_t start;
  std::int64_t size;
  Rule rule;
};

// Runs the rules' loops over pieces of all tensors. The cuts depend on the sizes alone.
template <class Rule>
void run_pieces(const std::vector<Placed<Rule>>& all, std::int64_t total) {
  parallel_for(total, grain, [&](std::int64_t begin, std::int64_t end) {
    auto at = std::upper_bound(all.begin(), all.end(), begin,
                               [](std::int64_t x, const Placed<Rule>& p) { return x < p.start; });
    for (--at; at != all.end() && at->start < end; ++at) {
      const std::int64_t first = std::max(begin - at->start, std::int64_t{0});
      const std::int64_t last = std::min(end - at->start, at->size);
      if (first < last) at->rule.loop(at->rule, first, last);
    }
  });
}

template <class T, template <class> class Rule, class Pass>
void update_of_type(std::vector<Pass>& passes) {
  constexpr std::int64_t line = 64 / sizeof(T);  // pieces begin on cache lines
  std::vector<Placed<Rule<T>>> all;
  all.reserve(passes.size());
  std::int64_t total = 0;
  for (Pass& pass : passes) {
    if (pass.parameter.dtype() != dtype_of<T>) continue;
    const std::int64_t size = pass.parameter.numel();
    all.push_back({total, size, Rule<T>(pass)});
    total += (size + line - 1) / line * line;
  }
  run_pieces(all, total);
}

}  // namespace detail

/// All passes together, so that many small tensors cost no more than one large one. Rule<T>(pass)
/// is a pass in its element type; its `loop` is an update_loop.
template <template <class> class Rule, class Pass>
void update(std::vector<Pass>& passes) {
  bool singles = false;
  bool doubles = false;
  for (const Pass& pass : passes)
    (pass.parameter.dtype() == DType::float32 ? singles : doubles) = true;
  if (singles) detail::update_of_type<float, Rule>(passes);
  if (doubles) detail::update_of_type<double, Rule>(passes);
}

/// The elements of a state that a pass may lack.
template <class T>
T* data_or_null(Tensor* tensor) {
  return tensor == nullptr ? nullptr : tensor->mutable_data<T>();
}

}  // namespace plumb::kernel
