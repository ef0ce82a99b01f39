#include "avg_pool.hpp"

#include <algorithm>

#include "../../simd/isa.hpp"
#include "../../simd/vector.hpp"
#include "../../tensor/internal/dispatch.hpp"
#include "planes.hpp"
#include "pool_2x2.hpp"

namespace plumb::kernel {
namespace {

// The bins as windows of 2 x 2 side by side, if they are that.
bool as_2x2(const PlaneBins& bins, PlaneWindows& windows) {
  const auto halves = [](const std::vector<Bin>& all, std::int64_t size) {
    std::int64_t next = 0;
    for (const Bin& bin : all) {
      if (bin.begin != next || bin.end != next + 2 || bin.count != 2) return false;
      next = bin.end;
    }
    return next + 2 > size;
  };
  if (!halves(bins.rows, bins.height) || !halves(bins.columns, bins.width)) return false;
  constexpr SlidingWindow pairs{2, 2, 0, 1};
  windows = {bins.height, bins.width, bins.height / 2, bins.width / 2, pairs, pairs};
  return true;
}

// The longest run of bins that have one size and one distance, which are worked on side by side.
struct EvenBins {
  std::int64_t first = 0, last = 0;  // [first, last)
  std::int64_t length = 0, step = 1;

  explicit EvenBins(const std::vector<Bin>& bins) {
    const auto at = [&](std::int64_t i) -> const Bin& { return bins[static_cast<std::size_t>(i)]; };
    const auto step_to = [&](std::int64_t i) { return at(i).begin - at(i - 1).begin; };
    const auto count = static_cast<std::int64_t>(bins.size());
    for (std::int64_t begin = 0, end; begin < count; begin = end) {
      const Bin& start = at(begin);
      for (end = begin + 1; end < count; ++end)
        if (at(end).end - at(end).begin != start.end - start.begin ||
            at(end).count != start.count || step_to(end) != step_to(begin + 1))
          break;
      if (end - begin <= last - first) continue;
      first = begin;
      last = end;
      length = start.end - start.begin;
      step = end - begin > 1 ? step_to(begin + 1) : 1;
    }
  }
};

// A mean from the sums of each column over the rows of its bin.
template <class T>
PLUMB_INLINE inline T mean(const Bin& row, const Bin& column, const double* sums) {
  double sum = 0;
  for (std::int64_t j = column.begin; j < column.end; ++j) sum += sums[j];
  return static_cast<T>(sum / static_cast<double>(row.count * column.count));
}

// The means of one row of bins.
template <int lanes, class T>
PLUMB_INLINE inline void mean_row(const Bin& row, const Bin* columns, std::int64_t count,
                                  const EvenBins& even, const double* sums, T* y) {
  for (std::int64_t j = 0; j < even.first; ++j) y[j] = mean<T>(row, columns[j], sums);
  const double* from = sums + columns[even.first].begin;
  const auto divisor = static_cast<double>(row.count * columns[even.first].count);
  with_step(even.step, [=, &even](auto step) PLUMB_INLINE {
    cover<lanes>(even.last - even.first, [=, &even](std::int64_t j, auto number) PLUMB_INLINE {
      Vector<double, number> sum = {}, next;
      for (std::int64_t k = 0; k < even.length; ++k) {
        load_strided<number>(next, from + j * step + k, step);
        sum += next;
      }
      sum /= divisor;
      store_as<double, number>(y + even.first + j, sum);
    });
  });
  for (std::int64_t j = even.last; j < count; ++j) y[j] = mean<T>(row, columns[j], sums);
}

// The means of one plane; `sums` has room for a row.
template <int lanes, class T>
PLUMB_INLINE inline void mean_plane(const PlaneBins& bins, const EvenBins& even, const T* x, T* y,
                                    double* sums) {
  const auto count = static_cast<std::int64_t>(bins.columns.size());
  for (const Bin& row : bins.rows) {
    cover<lanes>(bins.width, [=, &bins, &row](std::int64_t j, auto number) PLUMB_INLINE {
      Vector<double, number> sum = {}, wide;
      for (std::int64_t i = row.begin; i < row.end; ++i) {
        load_as<double, number>(wide, x + i * bins.width + j);
        sum += wide;
      }
      store(sums + j, sum);
    });
    mean_row<lanes>(row, bins.columns.data(), count, even, sums, y);
    y += count;
  }
}

// dx of one plane; `share` has room for a row.
template <class T>
PLUMB_INLINE inline void share_plane(const PlaneBins& bins, const T* g, T* dx, Write mode,
                                     T* share) {
  const std::int64_t width = bins.width;
  std::int64_t next = mode == Write::overwrite ? 0 : bins.height;  // the first row without content
  for (const Bin& row : bins.rows) {
    std::fill(share, share + width, T(0));  // of each element in a row of a bin
    for (const Bin& column : bins.columns) {
      const T each = *g++ / static_cast<T>(row.count * column.count);
      for (std::int64_t j = column.begin; j < column.end; ++j) share[j] += each;
    }
    for (; next < row.begin; ++next) std::fill_n(dx + next * width, width, T(0));
    for (std::int64_t i = row.begin; i < row.end; ++i) {
      T* line = dx + i * width;
      if (i == next) {
        std::copy(share, share + width, line);
        ++next;
      } else {
#pragma omp simd
        for (std::int64_t j = 0; j < width; ++j) line[j] += share[j];
      }
    }
  }
  if (next < bins.height) std::fill(dx + next * width, dx + bins.height * width, T(0));
}

}  // namespace

void avg_pool(Tensor& y, const Tensor& x, const PlaneBins& bins) {
  if (x.numel() == 0) return;
  const std::int64_t in_size = bins.height * bins.width;
  const auto out_size = static_cast<std::int64_t>(bins.rows.size() * bins.columns.size());
  PlaneWindows pairs;
  const bool halves = as_2x2(bins, pairs);
  const EvenBins even(bins.columns);
  dispatch_floating("avg_pool", x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* from = x.data<T>();
    T* to = y.mutable_data<T>();
    for_planes(x.numel(), in_size, [&](std::int64_t begin, std::int64_t end) {
      if (halves)
        return avg_pool_2x2(end - begin, pairs, from + begin * in_size, to + begin * out_size);
      std::vector<double> room(static_cast<std::size_t>(bins.width));
      on_best_vectors([=, &bins, &even, sums = room.data()](auto bytes) PLUMB_INLINE {
        for (std::int64_t plane = begin; plane < end; ++plane)
          mean_plane<bytes / sizeof(double)>(bins, even, from + plane * in_size,
                                             to + plane * out_size, sums);
      });
    });
  });
}

void avg_pool_into(Tensor& dx, Write mode, const Tensor& g, const PlaneBins& bins) {
  if (dx.numel() == 0) return;
  const std::int64_t in_size = bins.height * bins.width;
  const auto out_size = static_cast<std::int64_t>(bins.rows.size() * bins.columns.size());
  PlaneWindows pairs;
  const bool halves = mode == Write::overwrite && as_2x2(bins, pairs);
  dispatch_floating("avg_pool", dx.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* slope = g.data<T>();
    T* to = dx.mutable_data<T>();
    for_planes(dx.numel(), in_size, [&](std::int64_t begin, std::int64_t end) {
      if (halves)
        return avg_pool_2x2_into(end - begin, pairs, slope + begin * out_size,
                                 to + begin * in_size);
      std::vector<T> room(static_cast<std::size_t>(bins.width));
      on_best_isa([=, &bins, share = room.data()]() PLUMB_INLINE {
        for (std::int64_t plane = begin; plane < end; ++plane)
          share_plane(bins, slope + plane * out_size, to + plane * in_size, mode, share);
      });
    });
  });
}

}  // namespace plumb::kernel
