#include "register_gemm.hpp"

#include "../../simd/transpose_block.hpp"
#include "../../tensor/tensor.hpp"

// The inner side is cut into stretches, and for each of them b into panels, two vectors wide (one,
// if b is no wider). A block of rows of a times a panel stays in registers for a whole stretch:
// every step loads the panel's vectors and multiplies them by one element of each row. a is read
// where it stands. A panel is packed, with zeros beside the last column, where b is transposed or
// more than one block of rows uses it. Vectors are GCC's extension, so the code is one for all widths.

namespace plumb::kernel {
namespace {

// Steps of a stretch. 800 steps of a panel are 100 KiB of float at the widest. Where a is transposed
// and has more steps than that, a step is one row of a and one of b, and both come from memory: then
// stretches are so short that two fit in the second cache, the one at work and the one being fetched.
// 256 x 784 x 32768, float32 on one core of a Zen 5: 80 ms in stretches of 800, 64 in those of 128.
constexpr std::int64_t stretch_steps(std::int64_t k, Transpose ta) {
  if (k <= register_depth) return k;
  return ta == Transpose::yes ? register_tall_depth : register_depth;
}

// Where the product with a whole panel goes.
template <class T>
struct Target {
  T* c;
  std::int64_t stride;
  Write mode;
  const T* bias;
};

// Steps of op(b) as wide as one or two vectors, `stride` elements apart.
template <class T>
struct Panel {
  const T* data;
  std::int64_t stride;
};

// Rows [0, rows) of a, `a_stride` apart (or columns, where a is transposed), times a panel.
template <class T, int bytes, int vectors, Transpose ta, int rows>
PLUMB_INLINE inline void multiply_rows(std::int64_t k, const T* a, std::int64_t a_stride,
                                       const Panel<T>& panel, const Target<T>& to) {
  using V = VectorOf<T, bytes>;
  typename V::type sum[rows][vectors] = {};
  for (std::int64_t i = 0; i < k; ++i) {
    typename V::type right[vectors];
#pragma GCC unroll 2
    for (int v = 0; v < vectors; ++v)
      right[v] = *reinterpret_cast<const typename V::unaligned*>(panel.data + i * panel.stride +
                                                                 v * V::lanes);
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r) {
      const T left = ta == Transpose::yes ? a[i * a_stride + r] : a[r * a_stride + i];
#pragma GCC unroll 2
      for (int v = 0; v < vectors; ++v) sum[r][v] += left * right[v];
    }
  }
  // Each question once for all vectors: asked for each of them, it makes most of the code.
  if (to.bias != nullptr)
#pragma GCC unroll 2
    for (int v = 0; v < vectors; ++v) {
      const typename V::type bias = V::load(to.bias + v * V::lanes);
#pragma GCC unroll 16
      for (int r = 0; r < rows; ++r) sum[r][v] += bias;
    }
  if (to.mode == Write::accumulate)
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r)
#pragma GCC unroll 2
      for (int v = 0; v < vectors; ++v) sum[r][v] += V::load(to.c + r * to.stride + v * V::lanes);
#pragma GCC unroll 16
  for (int r = 0; r < rows; ++r)
#pragma GCC unroll 2
    for (int v = 0; v < vectors; ++v) V::store(to.c + r * to.stride + v * V::lanes, sum[r][v]);
}

// Chooses the function for a number of rows known only at run time, 1 to `most`.
template <class T, int bytes, int vectors, Transpose ta, int most>
PLUMB_INLINE inline void multiply_some_rows(std::int64_t rows, std::int64_t k, const T* a,
                                            std::int64_t a_stride, const Panel<T>& panel,
                                            const Target<T>& to) {
  if (rows == most) return multiply_rows<T, bytes, vectors, ta, most>(k, a, a_stride, panel, to);
  if constexpr (most > 1)
    multiply_some_rows<T, bytes, vectors, ta, most - 1>(rows, k, a, a_stride, panel, to);
}

// Packs `columns` columns of op(b), k steps long.
template <class T, int bytes, int vectors>
PLUMB_INLINE inline void pack_panel(std::int64_t k, std::int64_t columns, const Matrix<T>& b,
                                    const T* from, T* panel) {
  using V = VectorOf<T, bytes>;
  constexpr std::int64_t width = V::lanes * vectors;
  std::int64_t i = 0;
  if (b.transpose == Transpose::no) {
    if (columns == width)
      for (; i < k; ++i)
        for (int v = 0; v < vectors; ++v)
          *reinterpret_cast<typename V::type*>(panel + i * width + v * V::lanes) =
              *reinterpret_cast<const typename V::unaligned*>(from + i * b.stride + v * V::lanes);
  } else {
    for (; i + V::lanes <= k; i += V::lanes)
      for (int v = 0; v < vectors; ++v)
        transpose_square<T, bytes>(from + v * V::lanes * b.stride + i, b.stride,
                                   columns - v * V::lanes, panel + i * width + v * V::lanes, width);
  }
  for (; i < k; ++i)
    for (std::int64_t j = 0; j < width; ++j)
      panel[i * width + j] = j >= columns                   ? T(0)
                             : b.transpose == Transpose::no ? from[i * b.stride + j]
                                                            : from[j * b.stride + i];
}

template <class T>
struct RegisterProduct {
  std::int64_t m, n, k;
  Matrix<T> a, b;
  T* c;
  std::int64_t stride;
  Write mode;
  const T* bias;
  Activation activation;
  T* packed;          // room for a panel, aligned to 64 bytes
  std::int64_t next;  // steps of the next stretch, to be fetched meanwhile
};

// The panel of b from column j on: packed if it is to be, or has to be.
template <class T, int bytes, int vectors>
PLUMB_INLINE inline Panel<T> panel_at(const RegisterProduct<T>& p, std::int64_t j, bool pack) {
  constexpr std::int64_t width = VectorOf<T, bytes>::lanes * vectors;
  const std::int64_t columns = p.n - j < width ? p.n - j : width;
  const bool transposed = p.b.transpose == Transpose::yes;
  const T* from = p.b.data + (transposed ? j * p.b.stride : j);
  if (!transposed && !pack && columns == width) return {from, p.b.stride};
  pack_panel<T, bytes, vectors>(p.k, columns, p.b, from, p.packed);
  return {p.packed, width};
}

// c = or += sum + bias, then the activation.
template <class T>
PLUMB_INLINE inline void finish_row(std::int64_t n, const T* sum, const T* bias, Write mode,
                                    Activation activation, T* c) {
  const bool relu = activation == Activation::relu, add = mode == Write::accumulate;
#pragma omp simd
  for (std::int64_t j = 0; j < n; ++j) {
    const T plus = bias == nullptr ? T(0) : bias[j];
    const T value = add ? c[j] + (sum[j] + plus) : sum[j] + plus;
    c[j] = relu && value <= 0 ? T(0) : value;
  }
}

// Rows are multiplied in blocks of nearly equal height: 64 rows as 13, 13, 13, 13 and 12, and not as
// 14, 14, 14, 14 and 8.
template <class T, int bytes, int vectors, int most_rows, Transpose ta>
PLUMB_INLINE inline void multiply_block(const RegisterProduct<T>& p, std::int64_t block,
                                        std::int64_t blocks, std::int64_t j,
                                        const Panel<T>& panel) {
  constexpr std::int64_t width = VectorOf<T, bytes>::lanes * vectors;
  const std::int64_t i = block * p.m / blocks;
  const std::int64_t rows = (block + 1) * p.m / blocks - i;
  const std::int64_t columns = p.n - j < width ? p.n - j : width;
  alignas(64) T whole[most_rows * width];
  T* c = p.c + i * p.stride + j;
  const T* bias = p.bias == nullptr ? nullptr : p.bias + j;
  // Columns that do not fill a panel are stored here first, where a vector may be stored whole. So is
  // what an activation changes: c is in no cache, and to read it back would cost more.
  const bool aside = columns < width || p.activation != Activation::none;
  const Target<T> to = aside ? Target<T>{whole, width, Write::overwrite, nullptr}
                             : Target<T>{c, p.stride, p.mode, bias};
  const T* from = p.a.data + (ta == Transpose::yes ? i : i * p.a.stride);
  multiply_some_rows<T, bytes, vectors, ta, most_rows>(rows, p.k, from, p.a.stride, panel, to);
  if (!aside) return;
  for (std::int64_t r = 0; r < rows; ++r)
    finish_row(columns, whole + r * width, bias, p.mode, p.activation, c + r * p.stride);
}

// The `share`th of `shares` equal shares of some rows of memory, to the second cache.
template <class T>
PLUMB_INLINE inline void fetch(const T* data, std::int64_t rows, std::int64_t columns,
                               std::int64_t stride, std::int64_t share, std::int64_t shares) {
  constexpr std::int64_t line = 64 / sizeof(T);
  for (std::int64_t i = share * rows / shares; i < (share + 1) * rows / shares; ++i)
    for (std::int64_t j = 0; j < columns; j += line)
      __builtin_prefetch(data + i * stride + j, 0, 2);
}

// Fetches, while a block of rows is multiplied with a panel, a share of the next panel and of the
// next steps of a. These are short runs, each a row further in memory, of which the processor itself
// fetches too few: without this the product above takes 78 ms.
template <class T, std::int64_t width>
PLUMB_INLINE inline void fetch_ahead(const RegisterProduct<T>& p, std::int64_t block,
                                     std::int64_t blocks, std::int64_t panel, std::int64_t panels) {
  fetch(p.a.data + p.k * p.a.stride, p.next, p.m, p.a.stride, panel * blocks + block,
        panels * blocks);
  if (p.b.transpose == Transpose::yes) return;
  const bool last = panel + 1 == panels;
  fetch(p.b.data + (last ? p.k * p.b.stride : (panel + 1) * width), last ? p.next : p.k, width,
        p.b.stride, block, blocks);
}

// One stretch.
template <class T, int bytes, int vectors, int most_rows, Transpose ta>
PLUMB_INLINE inline void multiply_steps(const RegisterProduct<T>& p) {
  constexpr std::int64_t width = VectorOf<T, bytes>::lanes * vectors;
  const std::int64_t blocks = (p.m + most_rows - 1) / most_rows, panels = (p.n + width - 1) / width;
  // Where sums are short, most of the time goes into writing c: along its rows, then, while all of b
  // stays in the first cache.
  const bool by_rows = p.k <= 16 && p.b.transpose == Transpose::no;
  Panel<T> panel{nullptr, 0};
  for (std::int64_t task = 0; task < blocks * panels; ++task) {
    const std::int64_t block = by_rows ? task / panels : task % blocks;
    const std::int64_t j = (by_rows ? task % panels : task / blocks) * width;
    if (by_rows || block == 0) panel = panel_at<T, bytes, vectors>(p, j, !by_rows && blocks > 1);
    if (ta == Transpose::yes && p.next > 0)
      fetch_ahead<T, width>(p, block, blocks, j / width, panels);
    multiply_block<T, bytes, vectors, most_rows, ta>(p, block, blocks, j, panel);
  }
}

template <class T, int bytes, int vectors, int most_rows, Transpose ta>
PLUMB_INLINE inline void multiply(const RegisterProduct<T>& p) {
  const std::int64_t steps = stretch_steps(p.k, ta);
  for (std::int64_t first = 0; first < p.k; first += steps) {
    const std::int64_t left = p.k - first;
    RegisterProduct<T> part = p;
    part.k = left < steps ? left : steps;
    part.next = left - part.k < steps ? left - part.k : steps;
    part.a.data += ta == Transpose::yes ? first * p.a.stride : first;
    part.b.data += p.b.transpose == Transpose::yes ? first : first * p.b.stride;
    if (left > steps) part.activation = Activation::none;
    if (first > 0) {
      part.mode = Write::accumulate;
      part.bias = nullptr;
    }
    multiply_steps<T, bytes, vectors, most_rows, ta>(part);
  }
}

template <int bytes, int most_rows, Transpose ta, class T>
PLUMB_INLINE inline void multiply(const RegisterProduct<T>& p) {
  // With half the sums a row there is room for more rows.
  constexpr int most_of_one = most_rows > 8 ? 16 : most_rows;
  if (p.n <= VectorOf<T, bytes>::lanes) return multiply<T, bytes, 1, most_of_one, ta>(p);
  multiply<T, bytes, 2, most_rows, ta>(p);
}

}  // namespace

bool has_register_gemm() { return isa() != Isa::base; }

template <class T>
void register_gemm(std::int64_t m, std::int64_t n, std::int64_t k, const Matrix<T>& a,
                   const Matrix<T>& b, T* c, std::int64_t stride, Write mode, const T* bias,
                   Activation activation) {
  // A panel is at most 128 bytes wide. A long one does not stand on the stack, which may be small.
  const std::int64_t bytes = stretch_steps(k, a.transpose) * 128;
  alignas(64) std::byte small[4096];
  Tensor large;
  if (bytes > std::int64_t{sizeof(small)}) large = Tensor::empty({bytes}, DType::uint8);
  void* packed = small;
  if (large.defined()) packed = large.mutable_raw();
  const RegisterProduct<T> product{
      m, n, k, a, b, c, stride, mode, bias, activation, static_cast<T*>(packed), 0};
  // As many sums as leave registers for what is multiplied: of 32, or of 16.
  on_wide_vectors([&](auto width) PLUMB_INLINE {
    constexpr int most_rows = width == 64 ? 14 : 6;
    if (a.transpose == Transpose::yes) return multiply<width, most_rows, Transpose::yes>(product);
    multiply<width, most_rows, Transpose::no>(product);
  });
}

template void register_gemm(std::int64_t, std::int64_t, std::int64_t, const Matrix<float>&,
                            const Matrix<float>&, float*, std::int64_t, Write, const float*,
                            Activation);
template void register_gemm(std::int64_t, std::int64_t, std::int64_t, const Matrix<double>&,
                            const Matrix<double>&, double*, std::int64_t, Write, const double*,
                            Activation);

}  // namespace plumb::kernel
