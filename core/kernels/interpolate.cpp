#include "interpolate.hpp"

#include <algorithm>

#include "../simd/loops.hpp"
#include "../tensor/internal/dispatch.hpp"

namespace plumb::kernel {
namespace {

// A sample with its shares in the type of the elements.
template <class T>
struct Shares {
  std::int64_t first, second;
  T rest, share;

  explicit Shares(const Sample& s)
      : first(s.first),
        second(s.second),
        rest(static_cast<T>(1 - s.share)),
        share(static_cast<T>(s.share)) {}
};

template <class T>
std::vector<Shares<T>> shares_of(const std::vector<Sample>& samples) {
  return {samples.begin(), samples.end()};
}

// The samples of one plane; `line` has room for a row of it. These loops are the same on every
// instruction set: where some have a fused multiply-add, bits would differ.
template <class T>
void sample_plane(const PlaneSamples& s, const std::vector<Shares<T>>& rows,
                  const std::vector<Shares<T>>& columns, const T* x, T* y, T* line) {
  for (const Shares<T>& row : rows) {
    const T* upper = x + row.first * s.width;
    const T* lower = x + row.second * s.width;
    if (row.share == 0) {
      std::copy_n(upper, s.width, line);
    } else {
#pragma omp simd
      for (std::int64_t j = 0; j < s.width; ++j)
        line[j] = row.rest * upper[j] + row.share * lower[j];
    }
    for (const Shares<T>& c : columns)
      *y++ = c.share == 0 ? line[c.first] : c.rest * line[c.first] + c.share * line[c.second];
  }
}

// dx += of one plane; `line` has room for a row of it.
template <class T>
void share_plane(const PlaneSamples& s, const std::vector<Shares<T>>& rows,
                 const std::vector<Shares<T>>& columns, const T* g, T* dx, T* line) {
  for (const Shares<T>& row : rows) {
    std::fill_n(line, s.width, T(0));
    for (const Shares<T>& c : columns) {
      line[c.first] += c.rest * *g;
      if (c.share != 0) line[c.second] += c.share * *g;
      ++g;
    }
    T* upper = dx + row.first * s.width;
    T* lower = dx + row.second * s.width;
#pragma omp simd
    for (std::int64_t j = 0; j < s.width; ++j) upper[j] += row.rest * line[j];
    if (row.share == 0) continue;
#pragma omp simd
    for (std::int64_t j = 0; j < s.width; ++j) lower[j] += row.share * line[j];
  }
}

// Calls f(plane, line) for all planes, with room for a row.
template <class T, class F>
void for_planes_with_line(std::int64_t planes, std::int64_t work, std::int64_t width, F f) {
  parallel_for(planes, grain / (work + 1) + 1, [&](std::int64_t begin, std::int64_t end) {
    std::vector<T> line(static_cast<std::size_t>(width));
    for (std::int64_t plane = begin; plane < end; ++plane) f(plane, line.data());
  });
}

}  // namespace

void interpolate(Tensor& y, const Tensor& x, const PlaneSamples& s) {
  if (y.numel() == 0) return;
  const std::int64_t in_size = s.height * s.width;
  const auto out_size = static_cast<std::int64_t>(s.rows.size() * s.columns.size());
  dispatch_floating("interpolate", x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const auto rows = shares_of<T>(s.rows), columns = shares_of<T>(s.columns);
    const T* from = x.data<T>();
    T* to = y.mutable_data<T>();
    for_planes_with_line<T>(
        y.numel() / out_size, in_size + out_size, s.width, [&](std::int64_t plane, T* line) {
          sample_plane(s, rows, columns, from + plane * in_size, to + plane * out_size, line);
        });
  });
}

void interpolate_into(Tensor& dx, Write mode, const Tensor& g, const PlaneSamples& s) {
  if (mode == Write::overwrite) dx.fill(0);
  if (g.numel() == 0) return;
  const std::int64_t in_size = s.height * s.width;
  const auto out_size = static_cast<std::int64_t>(s.rows.size() * s.columns.size());
  dispatch_floating("interpolate", dx.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const auto rows = shares_of<T>(s.rows), columns = shares_of<T>(s.columns);
    const T* slope = g.data<T>();
    T* to = dx.mutable_data<T>();
    for_planes_with_line<T>(
        g.numel() / out_size, in_size + out_size, s.width, [&](std::int64_t plane, T* line) {
          share_plane(s, rows, columns, slope + plane * out_size, to + plane * in_size, line);
        });
  });
}

}  // namespace plumb::kernel
