// Vectors of a fixed number of elements (GCC's extension, which clang has too), for loops that
// compilers do not vectorise well.
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include "isa.hpp"

namespace plumb::kernel {

namespace detail {
template <class T, int lanes>
struct VectorType {
  typedef T type __attribute__((vector_size(lanes * sizeof(T))));
};
template <class T>
struct VectorType<T, 1> {
  using type = T;  // g++ keeps vectors of one element in memory
};
}  // namespace detail

/// `lanes` elements, a power of two; one lane is the element itself. Do not pass it by value or
/// return it: the instruction set decides how that is done.
template <class T, int lanes>
using Vector = typename detail::VectorType<T, lanes>::type;

/// From and to memory of any alignment.
template <class V, class T>
PLUMB_INLINE inline void load(V& to, const T* from) {
  std::memcpy(&to, from, sizeof(V));
}
template <class V, class T>
PLUMB_INLINE inline void store(T* to, const V& from) {
  std::memcpy(to, &from, sizeof(V));
}

/// Element by element in another type.
template <class To, class From>
PLUMB_INLINE inline void convert(To& to, const From& from) {
  if constexpr (std::is_arithmetic_v<From>) {
    to = static_cast<To>(from);
  } else {
    to = __builtin_convertvector(from, To);
  }
}

/// From and to memory of another element type. The loop over the elements becomes one instruction
/// for the whole vector; __builtin_convertvector from float to double becomes one for each half.
template <class To, int lanes, class T>
PLUMB_INLINE inline void load_as(Vector<To, lanes>& to, const T* from) {
  To each[lanes];
  for (int i = 0; i < lanes; ++i) each[i] = static_cast<To>(from[i]);
  load(to, each);
}
template <class From, int lanes, class T>
PLUMB_INLINE inline void store_as(T* to, const Vector<From, lanes>& from) {
  From each[lanes];
  store(each, from);
  for (int i = 0; i < lanes; ++i) to[i] = static_cast<T>(each[i]);
}

namespace detail {
template <int lanes, class P, int... i>
PLUMB_INLINE inline void lowest_bytes(std::uint8_t* to, const P& from,
                                      std::integer_sequence<int, i...>) {
  Vector<std::uint8_t, 16> halves[2];
  std::memcpy(halves, &from, sizeof halves);
  const Vector<std::uint8_t, lanes> each =
      __builtin_shufflevector(halves[0], halves[1], (i * 32 / lanes)...);
  store(to, each);
}
template <int lanes, class P, int... i>
PLUMB_INLINE inline void spread_bytes(P& to, const std::uint8_t* from,
                                      std::integer_sequence<int, i...>) {
  using Word = std::conditional_t<lanes == 8, std::uint64_t, std::uint32_t>;
  using Bytes = Vector<std::uint8_t, 32>;
  Word word;
  load(word, from);
  // In every half, so that no byte crosses from one to the other.
  const Bytes all = (Bytes)(Vector<Word, 32 / lanes>{} + word);
  to = (P)__builtin_shufflevector(all, all, (i / 16 * 16 + i * lanes / 32)...) & 255;
}
}  // namespace detail

/// Whole numbers from and to memory of a narrower type that holds them. g++ 12 takes vectors of 32 bytes to bytes and back
/// element by element; shuffles of their bytes are three to six instructions. Only x86 has such vectors.
template <int lanes, class T, class P>
PLUMB_INLINE inline void store_integers(T* to, const P& from) {
  if constexpr (sizeof(P) == 32 && sizeof(T) == 1) {
    detail::lowest_bytes<lanes>(to, from, std::make_integer_sequence<int, lanes>());
  } else {
    Vector<T, lanes> narrow;
    convert(narrow, from);
    store(to, narrow);
  }
}
template <int lanes, class T, class P>
PLUMB_INLINE inline void load_integers(P& to, const T* from) {
  if constexpr (sizeof(P) == 32 && sizeof(T) == 1) {
    detail::spread_bytes<lanes>(to, from, std::make_integer_sequence<int, 32>());
  } else {
    Vector<T, lanes> narrow;
    load(narrow, from);
    convert(to, narrow);
  }
}

namespace detail {
template <class V, int... i>
PLUMB_INLINE inline void separate(const V& a, const V& b, V& even, V& odd,
                                  std::integer_sequence<int, i...>) {
  even = __builtin_shufflevector(a, b, (2 * i)...);
  odd = __builtin_shufflevector(a, b, (2 * i + 1)...);
}
template <class V, int... i>
PLUMB_INLINE inline void alternate(const V& even, const V& odd, V& a, V& b,
                                   std::integer_sequence<int, i...>) {
  constexpr int n = sizeof...(i);
  a = __builtin_shufflevector(even, odd, (i / 2 + i % 2 * n)...);
  b = __builtin_shufflevector(even, odd, (n / 2 + i / 2 + i % 2 * n)...);
}
}  // namespace detail

/// The elements at even and at odd places of a and then b.
template <int lanes, class V>
PLUMB_INLINE inline void separate(const V& a, const V& b, V& even, V& odd) {
  if constexpr (lanes == 1) {
    even = a;
    odd = b;
  } else {
    detail::separate(a, b, even, odd, std::make_integer_sequence<int, lanes>());
  }
}

/// The inverse of separate.
template <int lanes, class V>
PLUMB_INLINE inline void alternate(const V& even, const V& odd, V& a, V& b) {
  if constexpr (lanes == 1) {
    a = even;
    b = odd;
  } else {
    detail::alternate(even, odd, a, b, std::make_integer_sequence<int, lanes>());
  }
}

namespace detail {
template <class V, int... i>
PLUMB_INLINE inline void choose_every_second(V& to, const V& low, const V& high,
                                             std::integer_sequence<int, i...>) {
  constexpr int n = sizeof...(i);
  to = __builtin_shufflevector(low, high, (2 * i < n ? 2 * i : 2 * i + 1)...);
}
}  // namespace detail

/// to[i] = from[i step]. A step that is a constant of its type, 1 or 2, takes one or two loads.
template <int lanes, class V, class T, class Step>
PLUMB_INLINE inline void load_strided(V& to, const T* from, Step step) {
  if constexpr (std::is_same_v<Step, std::integral_constant<std::int64_t, 1>> || lanes == 1) {
    load(to, from);
  } else if constexpr (std::is_same_v<Step, std::integral_constant<std::int64_t, 2>>) {
    V low, high;
    load(low, from);
    load(high, from + lanes - 1);  // not one element further than is wanted
    detail::choose_every_second(to, low, high, std::make_integer_sequence<int, lanes>());
  } else {
    T each[lanes];
    for (int i = 0; i < lanes; ++i) each[i] = from[i * step];
    load(to, each);
  }
}

/// Calls f(step), where 1 and 2 are constants of the type.
template <class F>
PLUMB_INLINE inline void with_step(std::int64_t step, F f) {
  if (step == 1) return f(std::integral_constant<std::int64_t, 1>());
  if (step == 2) return f(std::integral_constant<std::int64_t, 2>());
  f(step);
}

/// a = max(a, b), with the place it came from. NaN is the largest; of two equal ones a stays.
template <class V, class P>
PLUMB_INLINE inline void keep_larger(V& a, P& a_place, const V& b, const P& b_place) {
  const auto stays = (b <= a) | (a != a);
  a = stays ? a : b;
  a_place = stays ? a_place : b_place;
}

/// As many elements of type T as a vector has, of 32 bytes at the most: g++ 12 takes comparisons of
/// wider ones apart.
template <class T, int bytes>
using LanesOf =
    std::integral_constant<int, (bytes < 32 ? bytes : 32) / static_cast<int>(sizeof(T))>;

/// Calls f(i, number) for blocks of `number` elements that cover [0, n). `number` is `lanes` if n
/// is at least that; then the last block overlaps the one before it where n is no multiple.
template <int lanes, class F>
PLUMB_INLINE inline void cover(std::int64_t n, F f) {
  constexpr std::integral_constant<int, lanes> number;
  if constexpr (lanes > 1) {
    if (n < lanes) return cover<lanes / 2>(n, f);
  }
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) f(i, number);
  if (i < n) f(n - lanes, number);
}

/// A vector of `bytes` bytes of elements T, as a value (`type`) and in memory (`unaligned`). Use it
/// within on_best_vectors or on_wide_vectors, with the size that they give: a vector wider than the
/// processor's runs at a tenth of the speed.
template <class T, int bytes>
struct VectorOf {
  using type = Vector<T, bytes / static_cast<int>(sizeof(T))>;
  typedef T unaligned __attribute__((vector_size(bytes), aligned(sizeof(T)), may_alias));
  using Index = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
  typedef Index index __attribute__((vector_size(bytes)));
  static constexpr int lanes = bytes / static_cast<int>(sizeof(T));

  PLUMB_INLINE static type load(const T* from) { return *reinterpret_cast<const unaligned*>(from); }
  PLUMB_INLINE static void store(T* to, type value) { *reinterpret_cast<unaligned*>(to) = value; }

  /// The sum of the lanes: of both halves, of their halves, ...
  PLUMB_INLINE static T total(type value) {
    if constexpr (lanes == 2) {
      return value[0] + value[1];
    } else {
      using Half = VectorOf<T, bytes / 2>;
      typename Half::type halves[2];
      std::memcpy(halves, &value, bytes);
      return Half::total(halves[0] + halves[1]);
    }
  }
};

/// Calls f(constant), a lambda marked PLUMB_INLINE, with n as a constant of the type: 1 to `most`.
template <int most, class F>
PLUMB_INLINE inline void with_constant(std::int64_t n, const F& f) {
  if (n == most) return f(std::integral_constant<int, most>());
  if constexpr (most > 1) with_constant<most - 1>(n, f);
}

}  // namespace plumb::kernel
