// The loop that all update rules share: over every element of every tensor of a step, on all
// threads, compiled for each instruction set.
#pragma once

#include <algorithm>
#include <cstddef>
#include <new>
#include <type_traits>
#include <vector>

#include "../../core/simd/loops.hpp"
#include "../optimizer.hpp"

namespace plumb::optim {

/// A value that is one of a few. Each of them gets a loop of its own, in which it is a constant.
template <class Value, Value... all>
struct OneOf {
  Value value;
};
using Flag = OneOf<bool, false, true>;

/// Calls f with the std::integral_constant of every choice's value.
template <class F>
void with_constants(const F& f) {
  f();
}
template <class F, class Value, Value... all, class... Others>
void with_constants(const F& f, OneOf<Value, all...> first, Others... others) {
  const auto fix = [&](auto constant) {
    if (first.value == constant)
      with_constants([&](auto... rest) { f(constant, rest...); }, others...);
  };
  (fix(std::integral_constant<Value, all>()), ...);
}

/// A step over all its parameters together, so that many small tensors cost no more than one large
/// one:
///
///   UpdateLoop loop(*this, updates.size());
///   for (Update& u : updates)
///     loop.add(u, [&](auto x) {
///       using T = typename decltype(x)::Element;   // float or double
///       ...
///       return [=](std::int64_t i) PLUMB_INLINE { ... };   // element i, by the formula
///     });
///   loop.run();
///
/// Until run() nothing has changed, and what run() throws comes from another rule of a Combined and
/// has changed nothing.
class UpdateLoop {
 public:
  using Update = Optimizer::Update;

  UpdateLoop(Optimizer& optimizer, std::size_t updates)
      : optimizer_(optimizer), states_(optimizer) {
    parts_.reserve(updates);
  }

  /// The tensor of that index that is kept of the parameter. Where it begins, it is full of `start`.
  /// To be asked for once in a step: each time it would begin anew.
  Tensor& state(const Update& u, std::size_t index, double start = 0) {
    return *states_.tensor(u, index, start);
  }

  /// A parameter whose elements are T. All that is here has as many elements.
  template <class T>
  class Elements {
   public:
    using Element = T;
    Elements(UpdateLoop& loop, const Update& u) : loop_(loop), update_(u) {}

    // Not mutable_data: run() counts the change, when nothing can fail any more.
    T* value() const { return const_cast<T*>(update_.value.data<T>()); }
    const T* gradient() const { return update_.gradient.data<T>(); }
    /// As UpdateLoop::state.
    T* state(std::size_t index, double start = 0) const {
      return loop_.state(update_, index, start).template mutable_data<T>();
    }

   private:
    UpdateLoop& loop_;
    const Update& update_;
  };

  /// make(Elements<T>, constants...) returns what is done to element i: a lambda of pointers and
  /// numbers, marked PLUMB_INLINE. It reads and writes at i alone; the order of the elements is
  /// open. It reads all before it writes: large tensors of one size lie alike in their pages, and
  /// a read can be taken for one of what was just written 4 KiB away.
  template <class Make, class... Choices>
  void add(Update& u, const Make& make, Choices... choices) {
    add_ranges(
        u,
        [&](auto x, auto... constants) {
          return [step = make(x, constants...)](std::int64_t begin, std::int64_t end) PLUMB_INLINE {
            // In registers: for all that the compiler knows, the stores might change `step`.
            const auto local = step;
#pragma omp simd
            for (std::int64_t i = begin; i < end; ++i) local(i);
          };
        },
        choices...);
  }

  /// The same for a lambda that takes elements [begin, end) and has the loop itself.
  template <class Make, class... Choices>
  void add_ranges(Update& u, const Make& make, Choices... choices) {
    dispatch_floating("UpdateLoop", u.value.dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      with_constants(
          [&](auto... constants) { place<T>(u.value, make(Elements<T>(*this, u), constants...)); },
          choices...);
    });
  }

  void run() {
    optimizer_.before_changes();
    for (const Part& part : parts_) part.value->bump_version();
    parallel_for(total_, kernel::grain, [&](std::int64_t begin, std::int64_t end) {
      auto part = std::upper_bound(parts_.begin(), parts_.end(), begin,
                                   [](std::int64_t x, const Part& p) { return x < p.start; });
      for (--part; part != parts_.end() && part->start < end; ++part) {
        const std::int64_t first = std::max(begin - part->start, std::int64_t{0});
        const std::int64_t last = std::min(end - part->start, part->value->numel());
        if (first < last) part->run(part->step, first, last);
      }
    });
    states_.keep();
  }

 private:
  // A parameter and its step. All are laid end to end, so that threads share them evenly: `start` is
  // where this one lies.
  struct Part {
    std::int64_t start;
    Tensor* value;
    void (*run)(const std::byte* step, std::int64_t begin, std::int64_t end);
    alignas(std::max_align_t) std::byte step[176];  // a lambda
  };

  template <class T, class Step>
  void place(Tensor& value, const Step& step) {
    static_assert(std::is_trivially_copyable_v<Step> && sizeof(Step) <= sizeof(Part::step),
                  "a step is some pointers and numbers");
    constexpr std::int64_t line = 64 / sizeof(T);  // parts begin on cache lines
    Part& part = parts_.emplace_back();
    part.start = total_;
    part.value = &value;
    part.run = [](const std::byte* kept, std::int64_t begin, std::int64_t end) {
      kernel::on_best_isa(
          [=]() PLUMB_INLINE { (*std::launder(reinterpret_cast<const Step*>(kept)))(begin, end); });
    };
    new (part.step) Step(step);
    total_ += (value.numel() + line - 1) / line * line;
  }

  Optimizer& optimizer_;
  Optimizer::Beginnings states_;
  std::vector<Part> parts_;
  std::int64_t total_ = 0;
};

}  // namespace plumb::optim
