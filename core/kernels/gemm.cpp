#include "gemm.hpp"

#include <climits>
#include <xtensor-blas/xblas.hpp>

#include "../error.hpp"
#include "../parallel.hpp"

extern "C" void openblas_set_num_threads(int threads);

namespace plumb::kernel {
namespace {

// OpenBLAS cuts the work by its number of threads, and its results with it. Here the tiles are cut
// by shape, each is one single-threaded call, and parallel_for spreads them.
void make_blas_single_threaded() {
  static const bool done = (openblas_set_num_threads(1), true);
  static_cast<void>(done);
}

struct Tiles {
  std::int64_t rows, columns;
};

constexpr std::int64_t up(std::int64_t value, std::int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

// Halves the longer side while a tile is large: at most some 16 tiles, and none so small that
// OpenBLAS would pack its operands for nothing.
Tiles tiles_for(std::int64_t m, std::int64_t n, std::int64_t k) {
  const double total = static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
  const double enough = total / 16 > 8e6 ? total / 16 : 8e6;
  Tiles tile{m, n};
  while (static_cast<double>(tile.rows) * static_cast<double>(tile.columns) *
             static_cast<double>(k) >
         enough) {
    if (tile.rows > tile.columns && tile.rows > 32) {
      tile.rows = up((tile.rows + 1) / 2, 16);
    } else if (tile.columns > 32) {
      tile.columns = up((tile.columns + 1) / 2, 16);
    } else {
      break;
    }
  }
  return tile;
}

template <class T>
const T* element(const Matrix<T>& x, std::int64_t row, std::int64_t column) {
  return x.transpose == Transpose::no ? x.data + row * x.stride + column
                                      : x.data + column * x.stride + row;
}

template <class T>
void gemm_tile(std::int64_t m, std::int64_t n, std::int64_t k, const Matrix<T>& a, const T* a_tile,
               const Matrix<T>& b, const T* b_tile, T* c, std::int64_t stride, Write mode,
               const T* bias) {
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
                     static_cast<int>(k), T(1), a_tile, static_cast<int>(a.stride), b_tile,
                     static_cast<int>(b.stride), mode == Write::overwrite ? T(0) : T(1), c,
                     static_cast<int>(stride));
}

}  // namespace

template <class T>
void gemm(std::int64_t m, std::int64_t n, std::int64_t k, Matrix<T> a, Matrix<T> b, T* c,
          std::int64_t stride, Write mode, const T* bias) {
  if (m == 0 || n == 0) return;
  for (const std::int64_t size : {m, n, k, a.stride, b.stride, stride})
    if (size > INT_MAX) fail("matmul", "a side of ", size, " exceeds 2^31 - 1");
  if (k == 0) {  // BLAS asks for a leading dimension of at least 1
    for (std::int64_t i = 0; i < m; ++i)
      for (std::int64_t j = 0; j < n; ++j) {
        T& element = c[i * stride + j];
        element = (mode == Write::overwrite ? T(0) : element) + (bias != nullptr ? bias[j] : T(0));
      }
    return;
  }
  make_blas_single_threaded();
  const Tiles tile = tiles_for(m, n, k);
  const std::int64_t down = (m + tile.rows - 1) / tile.rows;
  const std::int64_t across = (n + tile.columns - 1) / tile.columns;
  parallel_for(down * across, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t t = begin; t < end; ++t) {
      const std::int64_t i = t / across * tile.rows;
      const std::int64_t j = t % across * tile.columns;
      gemm_tile(std::min(tile.rows, m - i), std::min(tile.columns, n - j), k, a, element(a, i, 0),
                b, element(b, 0, j), c + i * stride + j, stride, mode,
                bias == nullptr ? nullptr : bias + j);
    }
  });
}

template void gemm(std::int64_t, std::int64_t, std::int64_t, Matrix<float>, Matrix<float>, float*,
                   std::int64_t, Write, const float*);
template void gemm(std::int64_t, std::int64_t, std::int64_t, Matrix<double>, Matrix<double>,
                   double*, std::int64_t, Write, const double*);

}  // namespace plumb::kernel
