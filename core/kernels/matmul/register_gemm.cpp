#include "register_gemm.hpp"

#include "../../simd/processor.hpp"
#include "../../tensor/tensor.hpp"
#include "finish_rows.hpp"
#include "panel.hpp"

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

// Blocks that follow one another, and how far it is from one to the next.
struct Series {
  std::int64_t blocks, a, panel, c;
};

// Rows [0, rows) of a, `a_stride` apart (or columns, where a is transposed), times a panel, and so the
// blocks that follow: chooses the function for a number of rows known only at run time, 1 to `most`.
template <class T, int bytes, int vectors, Transpose ta, int most>
PLUMB_INLINE inline void multiply_some_rows(std::int64_t rows, std::int64_t k, const T* a,
                                            std::int64_t a_stride, const Series& series,
                                            const Panel<T>& panel, const Target<T>& to) {
  if (rows == most)
    return apart<bytes>([=]() PLUMB_INLINE {
      constexpr std::integral_constant<std::int64_t, 1> one;
      for (std::int64_t i = 0; i < series.blocks; ++i) {
        const T* from = a + i * series.a;
        const T* right = panel.data + i * series.panel;
        const T* bias = to.bias == nullptr ? nullptr : to.bias + i * series.panel;
        T* c = to.c + i * series.c;
        if constexpr (ta == Transpose::yes) {
          multiply_block<T, bytes, most, vectors>(k, from, one, a_stride, right, panel.stride, bias,
                                                  to.mode, c, to.stride);
        } else {
          multiply_block<T, bytes, most, vectors>(k, from, a_stride, one, right, panel.stride, bias,
                                                  to.mode, c, to.stride);
        }
      }
    });
  if constexpr (most > 1)
    multiply_some_rows<T, bytes, vectors, ta, most - 1>(rows, k, a, a_stride, series, panel, to);
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

// Rows are multiplied in blocks of nearly equal height: 64 rows as 13, 13, 13, 13 and 12, and not as
// 14, 14, 14, 14 and 8. The highest come first.
class Blocks {
 public:
  Blocks(std::int64_t rows, std::int64_t most)
      : count((rows + most - 1) / most), height_(rows / count), higher_(rows % count) {}

  std::int64_t first(std::int64_t block) const {
    return block * height_ + (block < higher_ ? block : higher_);
  }
  std::int64_t height(std::int64_t block) const { return height_ + (block < higher_); }
  // Blocks of the same height from this one on.
  std::int64_t alike(std::int64_t block) const {
    return (block < higher_ ? higher_ : count) - block;
  }

  const std::int64_t count;

 private:
  std::int64_t height_, higher_;
};

// `rows` rows from row i on times the panel from column j on, and so the blocks that follow. Of several
// blocks all are as wide as the panel, and then there is no activation.
template <class T, int bytes, int vectors, int most_rows, Transpose ta>
PLUMB_INLINE inline void multiply_rows(const RegisterProduct<T>& p, std::int64_t i,
                                       std::int64_t rows, std::int64_t j, const Series& series,
                                       const Panel<T>& panel) {
  constexpr std::int64_t width = VectorOf<T, bytes>::lanes * vectors;
  const std::int64_t columns = p.n - j < width ? p.n - j : width;
  alignas(64) T whole[most_rows * width];
  const Target<T> at{p.c + i * p.stride + j, p.stride, p.mode,
                     p.bias == nullptr ? nullptr : p.bias + j};
  // Columns that do not fill a panel are stored here first, where a vector may be stored whole. So is
  // what an activation changes: c is in no cache, and to read it back would cost more.
  const bool aside = columns < width || p.activation != Activation::none;
  const Target<T> to = aside ? Target<T>{whole, width, Write::overwrite, nullptr} : at;
  const T* from = p.a.data + (ta == Transpose::yes ? i : i * p.a.stride);
  multiply_some_rows<T, bytes, vectors, ta, most_rows>(rows, p.k, from, p.a.stride, series, panel,
                                                       to);
  if (aside) finish_rows<T, bytes>(rows, columns, whole, width, p.activation, at);
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

// Whether a panel is packed though it could be read where it stands: where several blocks of rows use
// it, and its steps lie so far apart that they may not stay in the first cache.
template <class T>
bool is_packed(const RegisterProduct<T>& p, std::int64_t blocks) {
  return blocks > 1 &&
         p.k * p.b.stride * static_cast<std::int64_t>(sizeof(T)) > first_cache_bytes / 2;
}

// One stretch.
template <class T, int bytes, int vectors, int most_rows, Transpose ta>
PLUMB_INLINE inline void multiply_steps(const RegisterProduct<T>& p) {
  constexpr std::int64_t width = VectorOf<T, bytes>::lanes * vectors;
  const Blocks blocks(p.m, most_rows);
  const std::int64_t panels = (p.n + width - 1) / width;
  const bool plain = p.activation == Activation::none;
  // Where sums are short, most of the time goes into writing c: along its rows, then, while all of b
  // stays in the first cache, and as many panels at once as stand there side by side.
  const bool by_rows = p.k <= 16 && p.b.transpose == Transpose::no;
  const bool together = by_rows && plain && p.n >= width;
  const bool fetches = ta == Transpose::yes && p.next > 0;
  std::int64_t next = 0;
  for (std::int64_t j = 0; j < p.n; j = next) {
    const std::int64_t whole = j == 0 && together ? p.n / width : 1;
    next = j + whole * width;
    const Panel<T> panel =
        panel_at<T, bytes, vectors>(p, j, !by_rows && is_packed(p, blocks.count));
    const bool many = plain && !fetches && whole == 1 && p.n - j >= width;
    std::int64_t done = 0;
    for (std::int64_t block = 0; block < blocks.count; block += done) {
      const std::int64_t i = blocks.first(block), rows = blocks.height(block);
      done = many ? blocks.alike(block) : 1;
      if (fetches) fetch_ahead<T, width>(p, block, blocks.count, j / width, panels);
      const Series series =
          many ? Series{done, ta == Transpose::yes ? rows : rows * p.a.stride, 0, rows * p.stride}
               : Series{whole, 0, width, width};
      multiply_rows<T, bytes, vectors, most_rows, ta>(p, i, rows, j, series, panel);
    }
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
  on_wide_vectors([&](auto width) PLUMB_INLINE {
    constexpr int most_rows = sum_registers<width> / 2;
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
