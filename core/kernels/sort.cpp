#include "sort.hpp"

#include <algorithm>
#include <limits>
#include <type_traits>
#include <vector>

#include "../simd/loops.hpp"
#include "../simd/vector_math.hpp"

namespace plumb::kernel {
namespace {

// An unsigned number that is ordered as x is. Zeros of either sign are equal, as are all NaNs.
template <class T>
auto ordered(T x) {
  if constexpr (std::is_same_v<T, std::uint8_t>) {
    return x;
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<std::uint64_t>(x) ^ std::uint64_t{1} << 63;
  } else {
    auto bits = vector_math::detail::bits(x == 0 ? T(0) : x);
    using Bits = decltype(bits);
    constexpr Bits sign = Bits{1} << (8 * sizeof(T) - 1);
    if (x != x) return std::numeric_limits<Bits>::max();
    return static_cast<Bits>((bits & sign) != 0 ? ~bits : bits | sign);
  }
}

template <class Key>
struct Entry {
  Key key;
  std::int64_t place;

  bool operator<(const Entry& other) const {
    return key != other.key ? key < other.key : place < other.place;
  }
};

// The entries that come first, in order, to the front.
template <class E>
void put_first(std::vector<E>& entries, std::int64_t count) {
  const auto middle = entries.begin() + count;
  if (middle != entries.end()) std::nth_element(entries.begin(), middle, entries.end());
  std::sort(entries.begin(), middle);
}

}  // namespace

Sorted sorted(const Tensor& x, int axis, std::int64_t count, bool descending) {
  Shape shape = x.shape();
  const std::int64_t n = shape[axis], inner = shape.numel(axis + 1, shape.rank());
  const std::int64_t runs = shape.numel(0, axis) * inner;
  shape[axis] = count;
  Sorted result{Tensor::empty(shape, x.dtype()), Tensor::empty(shape, DType::int64)};
  if (count == 0) return result;
  std::int64_t* places = result.indices.mutable_data<std::int64_t>();
  dispatch_all(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    using Key = decltype(ordered(T()));
    const T* from = x.data<T>();
    T* values = result.values.mutable_data<T>();
    parallel_for(runs, grain / (16 * n) + 1, [=](std::int64_t begin, std::int64_t end) {
      std::vector<Entry<Key>> entries(static_cast<std::size_t>(n));
      for (std::int64_t run = begin; run < end; ++run) {
        const T* first = from + run / inner * n * inner + run % inner;
        const std::int64_t to = run / inner * count * inner + run % inner;
        for (std::int64_t k = 0; k < n; ++k) {
          const Key key = ordered(first[k * inner]);
          entries[static_cast<std::size_t>(k)] = {descending ? static_cast<Key>(~key) : key, k};
        }
        put_first(entries, count);
        for (std::int64_t k = 0; k < count; ++k) {
          const std::int64_t place = entries[static_cast<std::size_t>(k)].place;
          places[to + k * inner] = place;
          values[to + k * inner] = first[place * inner];
        }
      }
    });
  });
  return result;
}

}  // namespace plumb::kernel
