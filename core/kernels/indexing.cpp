#include "indexing.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include "../runtime/internal/fail.hpp"
#include "../simd/loops.hpp"

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

namespace plumb::kernel {
namespace {

// Of the elements of a box that stands in the corner of another: where each lies in the outer one.
std::vector<std::int64_t> corner_offsets(const Shape& box, const Shape& whole, int first,
                                         int last) {
  std::vector<std::int64_t> offsets(static_cast<std::size_t>(box.numel(first, last)));
  for (std::size_t i = 0; i < offsets.size(); ++i) {
    std::int64_t rest = static_cast<std::int64_t>(i), stride = 1;
    for (int axis = last - 1; axis >= first; --axis) {
      offsets[i] += rest % box[axis] * stride;
      rest /= box[axis];
      stride *= whole[axis];
    }
  }
  return offsets;
}

// An axis of x, with the axes around it merged: the index is [outer, m, inner], x is
// [.., n, x_inner]. Where the index is smaller than x in other axes, tables say what stands where.
struct Picked {
  std::int64_t outer, m, inner, n, x_inner;
  std::vector<std::int64_t> outer_table, inner_table;

  Picked(const Shape& x, const Shape& index, int axis)
      : outer(index.numel(0, axis)),
        m(index[axis]),
        inner(index.numel(axis + 1, index.rank())),
        n(x[axis]),
        x_inner(x.numel(axis + 1, x.rank())) {
    if (outer != x.numel(0, axis)) outer_table = corner_offsets(index, x, 0, axis);
    if (inner != x_inner) inner_table = corner_offsets(index, x, axis + 1, x.rank());
  }

  // Where in x the element 0 along the axis stands.
  std::int64_t outer_offset(std::int64_t o) const {
    return (outer_table.empty() ? o : outer_table[static_cast<std::size_t>(o)]) * n * x_inner;
  }
  std::int64_t inner_offset(std::int64_t i) const {
    return inner_table.empty() ? i : inner_table[static_cast<std::size_t>(i)];
  }
};

// The columns that a thread takes where there are `outer` numbers to share out: all, unless the
// threads are more. No sum depends on it. One thread reads rows whole, as they stand in memory.
std::int64_t columns_at_once(std::int64_t outer, std::int64_t inner) {
  const std::int64_t threads = num_threads();
  if (outer >= threads) return inner;
  constexpr std::int64_t line = 16;  // of floats
  const std::int64_t each = (inner * outer + threads - 1) / threads;
  return std::clamp<std::int64_t>((each + line - 1) / line * line, 1, inner);
}

// Calls f(o, left, right) for parts of [outer, m, inner] that no index joins: an outer number and
// a range of columns.
template <class F>
void for_each_part(std::int64_t outer, std::int64_t m, std::int64_t inner, F f) {
  if (m == 0 || inner == 0) return;
  const std::int64_t width = columns_at_once(outer, inner);
  const std::int64_t tiles = (inner + width - 1) / width;
  parallel_for(outer * tiles, grain / (m * width) + 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t task = begin; task < end; ++task) {
      const std::int64_t left = task % tiles * width;
      f(task / tiles, left, std::min(left + width, inner));
    }
  });
}

// Gradients that one element or row of dx takes in one after the other. If more come, so many are
// added up beside dx first: of a token that occurs a million times one long chain would lose digits.
constexpr std::int64_t longest_chain = 1024;

template <class T>
PLUMB_INLINE inline void add_row(std::int64_t width, const T* in, T* out) {
#pragma omp simd
  for (std::int64_t i = 0; i < width; ++i) out[i] += in[i];
}

// Sums beside rows of dx that an index names often. Each counts what it has taken in.
template <class T>
class SumsBeside {
 public:
  SumsBeside(std::int64_t rows, std::int64_t width)
      : width_(width),
        sums_(static_cast<std::size_t>(rows * width)),
        counts_(static_cast<std::size_t>(rows)) {}

  // Adds `in` to sum number `number`, and what that has gathered to `out` if it is enough.
  PLUMB_INLINE void add(std::int64_t number, const T* in, T* out) {
    add_row(width_, in, sums_.data() + number * width_);
    if (++counts_[static_cast<std::size_t>(number)] == longest_chain) flush(number, out);
  }
  // Adds to `out` what sum number `number` has gathered, if anything.
  void flush(std::int64_t number, T* out) {
    std::int64_t& count = counts_[static_cast<std::size_t>(number)];
    if (count == 0) return;
    T* sum = sums_.data() + number * width_;
    add_row(width_, sum, out);
    std::fill(sum, sum + width_, T(0));
    count = 0;
  }

 private:
  std::int64_t width_;
  std::vector<T> sums_;
  std::vector<std::int64_t> counts_;
};

// The rows of dx that an index names more often than a chain may be long.
struct OftenNamed {
  std::vector<std::int64_t> rows;
  std::vector<std::int64_t> numbers;  // for each row of dx its place in `rows`, or -1

  OftenNamed(std::int64_t n, std::int64_t m, const std::int64_t* at) {
    if (m <= longest_chain) return;
    numbers.assign(static_cast<std::size_t>(n), 0);
    for (std::int64_t k = 0; k < m; ++k)
      if (++numbers[static_cast<std::size_t>(at[k])] == longest_chain + 1) rows.push_back(at[k]);
    if (rows.empty()) return;
    std::fill(numbers.begin(), numbers.end(), -1);
    for (std::size_t i = 0; i < rows.size(); ++i)
      numbers[static_cast<std::size_t>(rows[i])] = static_cast<std::int64_t>(i);
  }
};

// Rows that are asked for ahead of the one at work. Which one an index names next the processor cannot
// know; of those that follow one another it fetches too few between the others.
constexpr std::int64_t rows_ahead = 8;

template <class T>
PLUMB_INLINE inline void fetch_row(const T* row, std::int64_t width) {
  constexpr std::int64_t line = 64 / sizeof(T);
  for (std::int64_t i = 0; i < width; i += line) __builtin_prefetch(row + i);
}

// A result of so many bytes has left the caches before it is read. Written past them it need not be read from
// memory first: rows of 256 bytes, 256 MB in all, take 16 ms and not 37 (processor time, Emerald Rapids), and
// 32 MB that are read once at once afterwards two thirds of the time.
constexpr std::int64_t past_caches = std::int64_t{32} << 20;

enum class Through : std::uint8_t { caches, past_them };

// Whether rows of so many bytes can be, from an address aligned to 64 on.
bool can_pass_caches([[maybe_unused]] std::int64_t bytes) {
#if defined(__x86_64__)
  return bytes % 16 == 0;
#else
  return false;
#endif
}

template <Through through>
void copy_row(std::byte* to, const std::byte* from, std::int64_t bytes) {
#if defined(__x86_64__)
  if constexpr (through == Through::past_them) {
    for (std::int64_t i = 0; i < bytes; i += 16)
      _mm_stream_si128(reinterpret_cast<__m128i*>(to + i),
                       _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i)));
    return;
  }
#endif
  std::memcpy(to, from, static_cast<std::size_t>(bytes));
}

// to[k] = from[at[k]] for rows [left, right) of so many bytes.
template <Through through>
void copy_rows(const std::byte* from, std::byte* to, const std::int64_t* at, std::int64_t left,
               std::int64_t right, std::int64_t bytes) {
  for (std::int64_t k = left; k < right; ++k) {
    if (k + rows_ahead < right) fetch_row(from + at[k + rows_ahead] * bytes, bytes);
    copy_row<through>(to + k * bytes, from + at[k] * bytes, bytes);
  }
#if defined(__x86_64__)
  // Other threads see such stores only then.
  if constexpr (through == Through::past_them) _mm_sfence();
#endif
}

// dx[index[k], ..] += g[k, ..] for the elements [left, right) of rows, where some are named often.
template <class T>
void add_often_named(const OftenNamed& often, std::int64_t m, std::int64_t inner, std::int64_t left,
                     std::int64_t right, const std::int64_t* at, std::int64_t ignored, const T* g,
                     T* dx) {
  SumsBeside<T> beside(static_cast<std::int64_t>(often.rows.size()), right - left);
  on_best_isa([=, &often, &beside]() PLUMB_INLINE {
    for (std::int64_t k = 0; k < m; ++k) {
      if (at[k] == ignored) continue;
      if (k + rows_ahead < m) {
        fetch_row(g + (k + rows_ahead) * inner + left, right - left);
        fetch_row(dx + at[k + rows_ahead] * inner + left, right - left);
      }
      const T* in = g + k * inner + left;
      T* out = dx + at[k] * inner + left;
      const std::int64_t number = often.numbers[static_cast<std::size_t>(at[k])];
      number < 0 ? add_row(right - left, in, out) : beside.add(number, in, out);
    }
  });
  for (std::size_t i = 0; i < often.rows.size(); ++i)
    beside.flush(static_cast<std::int64_t>(i), dx + often.rows[i] * inner + left);
}

}  // namespace

void check_indices(std::string_view operation, const Tensor& index, std::int64_t size) {
  if (index.dtype() != DType::int64)
    fail(operation, "the index must be int64, got ", index.dtype());
  const std::int64_t* data = index.data<std::int64_t>();
  parallel_for(index.numel(), grain, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      if (data[i] < 0 || data[i] >= size)
        fail(operation, "index ", data[i], " at element ", i, " is out of range [0, ", size, ")");
  });
}

Tensor gather(const Tensor& x, int axis, const Tensor& index) {
  Tensor y = Tensor::empty(index.shape(), x.dtype());
  if (y.numel() == 0) return y;
  const Picked picked(x.shape(), index.shape(), axis);
  const std::int64_t m = picked.m, inner = picked.inner;
  const std::int64_t* at = index.data<std::int64_t>();
  dispatch_all(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* from = x.data<T>();
    T* to = y.mutable_data<T>();
    parallel_for(picked.outer * m, grain / inner + 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t row = begin; row < end; ++row) {
        const T* base = from + picked.outer_offset(row / m);
        for (std::int64_t i = 0; i < inner; ++i)
          to[row * inner + i] = base[at[row * inner + i] * picked.x_inner + picked.inner_offset(i)];
      }
    });
  });
  return y;
}

void gather_into(Tensor& dx, Write mode, const Tensor& g, int axis, const Tensor& index) {
  if (mode == Write::overwrite) dx.fill(0);
  if (g.numel() == 0) return;
  const Picked picked(dx.shape(), index.shape(), axis);
  const std::int64_t m = picked.m, inner = picked.inner;
  const std::int64_t* at = index.data<std::int64_t>();
  dispatch_floating("gather_into", dx.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* from = g.data<T>();
    T* to = dx.mutable_data<T>();
    for_each_part(picked.outer, m, inner,
                  [&](std::int64_t o, std::int64_t left, std::int64_t right) {
                    T* base = to + picked.outer_offset(o);
                    const auto target = [&](std::int64_t row, std::int64_t i) -> T& {
                      return base[row * picked.x_inner + picked.inner_offset(i)];
                    };
                    if (m <= longest_chain) {
                      for (std::int64_t row = o * m; row < (o + 1) * m; ++row)
                        for (std::int64_t i = left; i < right; ++i)
                          target(at[row * inner + i], i) += from[row * inner + i];
                      return;
                    }
                    for (std::int64_t i = left; i < right; ++i) {
                      SumsBeside<T> beside(picked.n, 1);
                      for (std::int64_t row = o * m; row < (o + 1) * m; ++row) {
                        const std::int64_t named = at[row * inner + i];
                        beside.add(named, from + row * inner + i, &target(named, i));
                      }
                      for (std::int64_t row = 0; row < picked.n; ++row)
                        beside.flush(row, &target(row, i));
                    }
                  });
  });
}

Tensor index_select(const Tensor& x, int axis, const Tensor& index) {
  Shape shape = x.shape();
  shape[axis] = index.numel();
  Tensor y = Tensor::empty(shape, x.dtype());
  if (y.numel() == 0) return y;
  const std::int64_t n = x.shape()[axis], m = index.numel();
  const std::int64_t inner = shape.numel(axis + 1, shape.rank());
  const std::int64_t* at = index.data<std::int64_t>();
  const std::int64_t bytes = inner * static_cast<std::int64_t>(size_of(x.dtype()));
  const std::byte* from = x.raw();
  std::byte* to = y.mutable_raw();
  const bool past = static_cast<std::int64_t>(y.bytes()) >= past_caches && can_pass_caches(bytes);
  const auto copy = past ? copy_rows<Through::past_them> : copy_rows<Through::caches>;
  parallel_for(y.numel() / inner, grain / inner + 1, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t o = begin / m; o * m < end; ++o)
      copy(from + o * n * bytes, to + o * m * bytes, at, std::max(begin - o * m, std::int64_t{0}),
           std::min(end - o * m, m), bytes);
  });
  return y;
}

void index_select_into(Tensor& dx, Write mode, const Tensor& g, int axis, const Tensor& index,
                       std::int64_t ignored) {
  if (mode == Write::overwrite) dx.fill(0);
  if (g.numel() == 0) return;
  const std::int64_t n = dx.shape()[axis], m = index.numel();
  const std::int64_t inner = dx.shape().numel(axis + 1, dx.rank());
  const std::int64_t* at = index.data<std::int64_t>();
  dispatch_floating("index_select_into", dx.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* from = g.data<T>();
    T* to = dx.mutable_data<T>();
    const OftenNamed often(n, m, at);
    for_each_part(dx.shape().numel(0, axis), m, inner,
                  [=, &often](std::int64_t o, std::int64_t left, std::int64_t right) {
                    const T* in = from + o * m * inner;
                    T* out = to + o * n * inner;
                    if (!often.rows.empty())
                      return add_often_named(often, m, inner, left, right, at, ignored, in, out);
                    on_best_isa([=]() PLUMB_INLINE {
                      for (std::int64_t k = 0; k < m; ++k) {
                        if (at[k] == ignored) continue;
                        if (k + rows_ahead < m) {
                          fetch_row(in + (k + rows_ahead) * inner + left, right - left);
                          fetch_row(out + at[k + rows_ahead] * inner + left, right - left);
                        }
                        add_row(right - left, in + k * inner + left, out + at[k] * inner + left);
                      }
                    });
                  });
  });
}

}  // namespace plumb::kernel
