#include "gemm.hpp"

#include <algorithm>
#include <climits>
#include <xtensor-blas/xblas.hpp>

#include "../../runtime/internal/fail.hpp"
#include "../../runtime/parallel.hpp"
#include "../../simd/isa.hpp"
#include "../../simd/loops.hpp"
#include "../../simd/processor.hpp"
#include "../../tensor/tensor.hpp"
#include "../blas_call.hpp"
#include "finish_rows.hpp"
#include "register_gemm.hpp"
#include "thin_gemm.hpp"
#include "turned_gemm.hpp"

namespace plumb::kernel {
namespace {

// How a product is cut. It depends on the shape alone (and on whether the processor has the register
// kernel), never on the number of threads: a tile is the work of one thread, a call of OpenBLAS too.
enum class Kernel : std::uint8_t { registers, turned, thin, narrow, blas };
struct Plan {
  std::int64_t rows, columns;  // of a tile of c
  Kernel kernel;
};

// Whether it is the register kernel, or the turned one, which calls it.
bool in_registers(Kernel kernel) { return kernel == Kernel::registers || kernel == Kernel::turned; }

constexpr std::int64_t up(std::int64_t value, std::int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

// Cuts `size` into equal pieces of at most `most`, rounded up to a multiple.
constexpr std::int64_t piece(std::int64_t size, std::int64_t most, std::int64_t multiple) {
  const std::int64_t pieces = (size + most - 1) / most;
  return up((size + pieces - 1) / pieces, multiple);
}

// Of a transposed a: whether the product is found as the transpose of the transposed one. Gradients of weights
// with more outputs than inputs are such products. Rows of a that lie 2 KiB apart fall on few lines of the
// first cache; packed into panels they do not. 512 x 128 x 1792 on one core of an Emerald Rapids: 1.63 ms in place
// of 2.25; 1024 x 256 x 512: 1.98 in place of 3.35; where rows lie otherwise, as of 784 columns, 0.9 to 1.02 of the time.
bool is_turned(std::int64_t m, std::int64_t n, std::int64_t k, Transpose tb) {
  constexpr std::int64_t few_columns = 15;
  if (n <= few_columns) return n > thin_rows && m >= 32;
  return tb == Transpose::no && m >= 384 && 2 * m >= 3 * n && k >= 512;
}

// The register kernel is as fast as the best that OpenBLAS 0.3.21 has for the processor, if that knows
// it, and faster for few rows. Float32 on one core of a Zen 5: 71 us against 98 for 32 x 256 x 784, 126
// against 152 for 64 rows, 235 against 268 for 128; from 256 rows on they differ by less than 5 %.
// Products with few rows or columns have kernels of their own, as fast as memory.
Plan plan(std::int64_t m, std::int64_t n, std::int64_t k, Transpose ta, Transpose tb) {
  const auto work = [k](std::int64_t rows, std::int64_t columns) {
    return static_cast<double>(rows) * static_cast<double>(columns) * static_cast<double>(k);
  };
  if (m <= thin_rows && (ta == Transpose::no || tb == Transpose::no)) {
    Plan cut{m, n, Kernel::thin};
    while (work(m, cut.columns) > 3e5 && cut.columns > 32)
      cut.columns = up((cut.columns + 1) / 2, 32);
    return cut;
  }
  if (n <= thin_rows && (ta == Transpose::yes || tb == Transpose::yes)) {
    Plan cut{m, n, Kernel::narrow};
    while (work(cut.rows, n) > 3e5 && cut.rows > 32) cut.rows = up((cut.rows + 1) / 2, 32);
    return cut;
  }
  // A tile of the register kernels is 13 us of work.
  const double enough_work = std::max(work(m, n) / 64, 1.5e6);
  if (has_register_gemm() && ta == Transpose::yes && is_turned(m, n, k, tb)) {
    Plan cut{m, n, Kernel::turned};
    while (work(cut.rows, n) > enough_work && cut.rows > turned_rows)
      cut.rows = up((cut.rows + 1) / 2, turned_rows);
    return cut;
  }
  if (has_register_gemm() && m > thin_rows && (n > thin_rows || work(m, n) < 1e5)) {
    // First rows: as many as stay in the second cache with some 800 steps of a, which does not change
    // the bits. Then columns, until a tile is short enough; a panel of b is packed once, whichever tile
    // it falls to. A tile reads all of its rows of a. Where a is tall they come from memory, and tiles
    // stay wider.
    const std::int64_t cached = std::clamp<std::int64_t>(second_cache_bytes() / 4096, 64, 256);
    const bool tall = ta == Transpose::yes && k > register_depth;
    const std::int64_t narrowest = tall ? std::clamp<std::int64_t>(up(n / 4, 32), 32, 128) : 32;
    Plan cut{m > cached * 3 / 2 ? piece(m, cached, 2) : m, n, Kernel::registers};
    while (work(cut.rows, cut.columns) > enough_work && cut.columns > narrowest)
      cut.columns = up((cut.columns + 1) / 2, 32);
    return cut;
  }
  // OpenBLAS packs both operands for each call: larger tiles.
  const double enough = work(m, n) / 16 > 8e6 ? work(m, n) / 16 : 8e6;
  Plan cut{m, n, Kernel::blas};
  while (work(cut.rows, cut.columns) > enough) {
    if (cut.rows > cut.columns && cut.rows > 32) {
      cut.rows = up((cut.rows + 1) / 2, 16);
    } else if (cut.columns > 32) {
      cut.columns = up((cut.columns + 1) / 2, 16);
    } else {
      break;
    }
  }
  return cut;
}

template <class T>
void blas_gemm(std::int64_t m, std::int64_t n, std::int64_t k, const Matrix<T>& a,
               const Matrix<T>& b, T* c, std::int64_t stride, Write mode, const T* bias) {
  const BlasCall call("matmul");
  if (bias != nullptr) {
    for (std::int64_t i = 0; i < m; ++i) {
      T* row = c + i * stride;
      for (std::int64_t j = 0; j < n; ++j)
        row[j] = mode == Write::overwrite ? bias[j] : row[j] + bias[j];
    }
    mode = Write::accumulate;
  }
  const auto transpose = [](Transpose t) {
    return t == Transpose::no ? cxxblas::Transpose::NoTrans : cxxblas::Transpose::Trans;
  };
  // What xt::blas::gemm comes down to, without its temporaries and for rows further apart.
  cxxblas::gemm<int>(cxxblas::StorageOrder::RowMajor, transpose(a.transpose),
                     transpose(b.transpose), static_cast<int>(m), static_cast<int>(n),
                     static_cast<int>(k), T(1), a.data, static_cast<int>(a.stride), b.data,
                     static_cast<int>(b.stride), mode == Write::overwrite ? T(0) : T(1), c,
                     static_cast<int>(stride));
}

template <class T>
void relu_tile(std::int64_t m, std::int64_t n, T* c, std::int64_t stride) {
  on_best_isa([=]() PLUMB_INLINE {
    for (std::int64_t i = 0; i < m; ++i) {
      T* row = c + i * stride;
#pragma omp simd
      for (std::int64_t j = 0; j < n; ++j) row[j] = row[j] <= 0 ? T(0) : row[j];
    }
  });
}

// A tile of a product, by its plan's kernel.
template <class T>
void gemm_tile(Kernel kernel, std::int64_t m, std::int64_t n, std::int64_t k, const Matrix<T>& a,
               const Matrix<T>& b, T* c, std::int64_t stride, Write mode, const T* bias,
               Activation activation) {
  switch (kernel) {
    case Kernel::registers:
      return register_gemm<T>(m, n, k, a, b, c, stride, mode, bias, activation);
    case Kernel::turned:
      return turned_gemm<T>(m, n, k, a, b, c, stride, mode, bias, activation);
    case Kernel::thin:
      thin_gemm<T>(m, n, k, a, b, c, stride, mode, bias);
      break;
    case Kernel::narrow:
      narrow_gemm<T>(m, n, k, a, b, c, stride, mode, bias);
      break;
    case Kernel::blas:
      blas_gemm<T>(m, n, k, a, b, c, stride, mode, bias);
      break;
  }
  if (activation == Activation::relu) relu_tile(m, n, c, stride);
}

// No kernel loses digits by adding so many steps.
constexpr std::int64_t always_short = 1024;

// Steps of the inner side that a kernel may add. Its own chains of roundings are shorter: 512 steps in
// thin ones, 128 or 800 in registers, a few hundred in OpenBLAS, but all of them in a product so
// small that it has a kernel of its own there.
std::int64_t longest_sum(Kernel kernel, std::int64_t m, std::int64_t n, std::int64_t k,
                         Transpose ta) {
  if (k <= always_short) return always_short;
  if (in_registers(kernel))
    return 64 * (ta == Transpose::yes ? register_tall_depth : register_depth);
  const double work = static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
  return kernel == Kernel::blas && work <= 1e6 ? always_short : 16384;
}

// sums [m, n] = op(a) op(b), of the steps [first, last) of the inner side. Pieces of it are added up
// pairwise.
template <class T>
void add_pairwise(std::int64_t m, std::int64_t n, std::int64_t first, std::int64_t last,
                  std::int64_t piece, const Matrix<T>& a, const Matrix<T>& b, T* sums) {
  const std::int64_t pieces = (last - first + piece - 1) / piece;
  if (pieces == 1)
    return gemm(m, n, last - first, part(a, 0, first), part(b, first, 0), sums, n,
                Write::overwrite);
  const std::int64_t middle = first + (pieces + 1) / 2 * piece;
  Tensor memory = Tensor::empty({m, n}, dtype_of<T>);
  T* right = memory.mutable_data<T>();
  add_pairwise(m, n, first, middle, piece, a, b, sums);
  add_pairwise(m, n, middle, last, piece, a, b, right);
  for (std::int64_t i = 0; i < m * n; ++i) sums[i] += right[i];
}

// gemm() where the inner side is longer than `longest`.
template <class T>
void gemm_in_pieces(std::int64_t longest, std::int64_t m, std::int64_t n, std::int64_t k,
                    const Matrix<T>& a, const Matrix<T>& b, T* c, std::int64_t stride, Write mode,
                    const T* bias, Activation activation) {
  Tensor memory = Tensor::empty({m, n}, dtype_of<T>);
  T* sums = memory.mutable_data<T>();
  add_pairwise(m, n, 0, k, longest, a, b, sums);
  for (std::int64_t i = 0; i < m; ++i)
    for (std::int64_t j = 0; j < n; ++j) {
      const T sum = sums[i * n + j] + (bias == nullptr ? T(0) : bias[j]);
      T& at = c[i * stride + j];
      at = mode == Write::overwrite ? sum : at + sum;
    }
  if (activation == Activation::relu) relu_tile(m, n, c, stride);
}

// Into how many stretches the inner side of a gradient of weights is cut that are found side by side, by shape
// alone. Its result is small beside its work: tiles of it would be few (14 of 784 x 256) or too narrow.
std::int64_t stretches_of(const Plan& cut, std::int64_t m, std::int64_t n, std::int64_t k,
                          Transpose ta) {
  constexpr std::int64_t shortest = 1024, most = 16;
  constexpr std::int64_t enough_tiles = 64, most_elements = std::int64_t{1} << 23;  // of all sums
  const std::int64_t tiles =
      ((m + cut.rows - 1) / cut.rows) * ((n + cut.columns - 1) / cut.columns);
  const double work = static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
  if (!in_registers(cut.kernel) || ta == Transpose::no || k < 4 * shortest ||
      tiles >= enough_tiles || work < 1e8)
    return 1;
  return std::min({k / shortest, most, most_elements / (m * n)});
}

// gemm() by so many stretches, which are added in their order.
template <class T>
void gemm_in_stretches(std::int64_t count, std::int64_t m, std::int64_t n, std::int64_t k,
                       const Matrix<T>& a, const Matrix<T>& b, T* c, std::int64_t stride,
                       Write mode, const T* bias, Activation activation) {
  const std::int64_t length = piece(k, (k + count - 1) / count, 64);
  const Plan cut = plan(m, n, length, a.transpose, b.transpose);
  const std::int64_t down = (m + cut.rows - 1) / cut.rows;
  const std::int64_t across = (n + cut.columns - 1) / cut.columns, tiles = down * across;
  count = (k + length - 1) / length;
  Tensor memory = Tensor::empty({count, m, n}, dtype_of<T>);
  T* sums = memory.mutable_data<T>();
  // All tiles of a stretch first: they read the same rows.
  parallel_for(count * tiles, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t task = begin; task < end; ++task) {
      const std::int64_t first = task / tiles * length, tile = task % tiles;
      const std::int64_t i = tile / across * cut.rows, j = tile % across * cut.columns;
      gemm_tile<T>(cut.kernel, std::min(cut.rows, m - i), std::min(cut.columns, n - j),
                   std::min(length, k - first), part(a, i, first), part(b, first, j),
                   sums + (task / tiles * m + i) * n + j, n, Write::overwrite, nullptr,
                   Activation::none);
    }
  });
  const std::int64_t rows = std::max<std::int64_t>(1, grain / (count * n));
  parallel_for(m, rows, [&](std::int64_t begin, std::int64_t end) {
    on_wide_vectors([=](auto bytes) PLUMB_INLINE {
      T* total = sums + begin * n;
      for (std::int64_t other = 1; other < count; ++other) {
        const T* more = total + other * m * n;
#pragma omp simd
        for (std::int64_t i = 0; i < (end - begin) * n; ++i) total[i] += more[i];
      }
      finish_rows<T, bytes>(end - begin, n, total, n, activation,
                            {c + begin * stride, stride, mode, bias});
    });
  });
}

}  // namespace

template <class T>
void gemm(std::int64_t m, std::int64_t n, std::int64_t k, Matrix<T> a, Matrix<T> b, T* c,
          std::int64_t stride, Write mode, const T* bias, Activation activation) {
  if (m == 0 || n == 0) return;
  for (const std::int64_t size : {m, n, k, a.stride, b.stride, stride})
    if (size > INT_MAX) fail("matmul", "a side of ", size, " exceeds 2^31 - 1");
  if (k == 0) {  // BLAS asks for a leading dimension of at least 1
    for (std::int64_t i = 0; i < m; ++i)
      for (std::int64_t j = 0; j < n; ++j) {
        T& element = c[i * stride + j];
        element = (mode == Write::overwrite ? T(0) : element) + (bias != nullptr ? bias[j] : T(0));
      }
    if (activation == Activation::relu) relu_tile(m, n, c, stride);
    return;
  }
  const Plan cut = plan(m, n, k, a.transpose, b.transpose);
  const std::int64_t longest = longest_sum(cut.kernel, m, n, k, a.transpose);
  const std::int64_t stretches = stretches_of(cut, m, n, k, a.transpose);
  if (stretches > 1 && k <= stretches * longest)
    return gemm_in_stretches(stretches, m, n, k, a, b, c, stride, mode, bias, activation);
  if (k > longest) return gemm_in_pieces(longest, m, n, k, a, b, c, stride, mode, bias, activation);
  if (cut.rows >= m && cut.columns >= n)
    return gemm_tile<T>(cut.kernel, m, n, k, a, b, c, stride, mode, bias, activation);
  const std::int64_t down = (m + cut.rows - 1) / cut.rows;
  const std::int64_t across = (n + cut.columns - 1) / cut.columns;
  parallel_for(down * across, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t tile = begin; tile < end; ++tile) {
      const std::int64_t i = tile / across * cut.rows;
      const std::int64_t j = tile % across * cut.columns;
      gemm_tile<T>(cut.kernel, std::min(cut.rows, m - i), std::min(cut.columns, n - j), k,
                   part(a, i, 0), part(b, 0, j), c + i * stride + j, stride, mode,
                   bias == nullptr ? nullptr : bias + j, activation);
    }
  });
}

template void gemm(std::int64_t, std::int64_t, std::int64_t, Matrix<float>, Matrix<float>, float*,
                   std::int64_t, Write, const float*, Activation);
template void gemm(std::int64_t, std::int64_t, std::int64_t, Matrix<double>, Matrix<double>,
                   double*, std::int64_t, Write, const double*, Activation);

}  // namespace plumb::kernel
