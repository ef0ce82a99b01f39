// exp, log, tanh and erf of core/simd beside those of xsimd and Google Highway, how far off and how
// fast; and a tile of a matrix product in the vector types of each. Compiled once for AVX2 and once for
// AVX-512, which the libraries take from the compiler's options; PLUMB_ISA must say the same.
#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <plumb/core/simd/loops.hpp>
#include <plumb/core/simd/vector.hpp>
#include <plumb/core/simd/vector_math.hpp>
#include <xsimd/xsimd.hpp>

#include "rounds.hpp"

namespace {

namespace kernel = plumb::kernel;
constexpr std::int64_t run_length = 4096;  // in the first cache, in and out
constexpr int tile_steps = 256;
constexpr int tile_rows = HWY_MAX_BYTES == 64 ? 14 : 6;  // as register_gemm has

template <class T>
using Function = void (*)(std::int64_t n, const T* in, T* out);

// --- plumb ------------------------------------------------------------------------------------

template <class T, class F>
void with_plumb(std::int64_t n, const T* in, T* out, F f) {
  kernel::on_best_isa([=]() PLUMB_INLINE {
    kernel::store_run(n, out, plumb::Write::overwrite,
                      [=](std::int64_t i) PLUMB_INLINE { return f(in[i]); });
  });
}
struct Plumb {
  static constexpr const char* name = "plumb";
  template <class T>
  static void exp(std::int64_t n, const T* in, T* out) {
    with_plumb(n, in, out, [](T x) PLUMB_INLINE { return kernel::vector_math::exp(x); });
  }
  template <class T>
  static void log(std::int64_t n, const T* in, T* out) {
    with_plumb(n, in, out, [](T x) PLUMB_INLINE { return kernel::vector_math::log(x); });
  }
  template <class T>
  static void tanh(std::int64_t n, const T* in, T* out) {
    with_plumb(n, in, out, [](T x) PLUMB_INLINE { return kernel::vector_math::tanh(x); });
  }
  template <class T>
  static void erf(std::int64_t n, const T* in, T* out) {
    with_plumb(n, in, out, [](T x) PLUMB_INLINE { return kernel::vector_math::erf(x); });
  }
};

template <int bytes>
PLUMB_INLINE inline void plumb_tile(const float* a, const float* b, float* c) {
  using V = kernel::VectorOf<float, bytes>;
  typename V::type sum[tile_rows][2] = {};
  for (int k = 0; k < tile_steps; ++k)
#pragma GCC unroll 16
    for (int r = 0; r < tile_rows; ++r)
#pragma GCC unroll 2
      for (int v = 0; v < 2; ++v)
        sum[r][v] += a[k * tile_rows + r] * V::load(b + (2 * k + v) * V::lanes);
#pragma GCC unroll 16
  for (int r = 0; r < tile_rows; ++r)
#pragma GCC unroll 2
    for (int v = 0; v < 2; ++v) V::store(c + (2 * r + v) * V::lanes, sum[r][v]);
}
void plumb_tile(const float* a, const float* b, float* c) {
  kernel::on_wide_vectors([=](auto bytes) PLUMB_INLINE { plumb_tile<bytes>(a, b, c); });
}

// --- xsimd ------------------------------------------------------------------------------------

template <class T, class F>
void with_xsimd(std::int64_t n, const T* in, T* out, F f) {
  using V = xsimd::batch<T>;
  for (std::int64_t i = 0; i < n; i += static_cast<std::int64_t>(V::size))
    f(V::load_unaligned(in + i)).store_unaligned(out + i);
}
struct Xsimd {
  static constexpr const char* name = "xsimd";
  template <class T>
  static void exp(std::int64_t n, const T* in, T* out) {
    with_xsimd(n, in, out, [](const auto& x) { return xsimd::exp(x); });
  }
  template <class T>
  static void log(std::int64_t n, const T* in, T* out) {
    with_xsimd(n, in, out, [](const auto& x) { return xsimd::log(x); });
  }
  template <class T>
  static void tanh(std::int64_t n, const T* in, T* out) {
    with_xsimd(n, in, out, [](const auto& x) { return xsimd::tanh(x); });
  }
  template <class T>
  static void erf(std::int64_t n, const T* in, T* out) {
    with_xsimd(n, in, out, [](const auto& x) { return xsimd::erf(x); });
  }
};

void xsimd_tile(const float* a, const float* b, float* c) {
  using V = xsimd::batch<float>;
  V sum[tile_rows][2];
#pragma GCC unroll 16
  for (int r = 0; r < tile_rows; ++r) sum[r][0] = sum[r][1] = V(0.0F);
  for (int k = 0; k < tile_steps; ++k)
#pragma GCC unroll 16
    for (int r = 0; r < tile_rows; ++r)
#pragma GCC unroll 2
      for (std::size_t v = 0; v < 2; ++v)
        sum[r][v] = xsimd::fma(
            V(a[k * tile_rows + r]),
            V::load_unaligned(b + (2 * static_cast<std::size_t>(k) + v) * V::size), sum[r][v]);
#pragma GCC unroll 16
  for (std::size_t r = 0; r < tile_rows; ++r)
#pragma GCC unroll 2
    for (std::size_t v = 0; v < 2; ++v) sum[r][v].store_unaligned(c + (2 * r + v) * V::size);
}

}  // namespace

// --- Highway, whose functions can only be inlined between these two lines --------------------------

HWY_BEFORE_NAMESPACE();
namespace {
namespace hn = hwy::HWY_NAMESPACE;

template <class T, class F>
void with_highway(std::int64_t n, const T* in, T* out, F f) {
  const hn::ScalableTag<T> d;
  for (std::int64_t i = 0; i < n; i += static_cast<std::int64_t>(hn::Lanes(d)))
    hn::StoreU(f(d, hn::LoadU(d, in + i)), d, out + i);
}
struct Highway {
  static constexpr const char* name = "Highway";
  template <class T>
  static void exp(std::int64_t n, const T* in, T* out) {
    with_highway(n, in, out, [](auto d, auto x) { return hn::Exp(d, x); });
  }
  template <class T>
  static void log(std::int64_t n, const T* in, T* out) {
    with_highway(n, in, out, [](auto d, auto x) { return hn::Log(d, x); });
  }
  template <class T>
  static void tanh(std::int64_t n, const T* in, T* out) {
    with_highway(n, in, out, [](auto d, auto x) { return hn::Tanh(d, x); });
  }
};

void highway_tile(const float* a, const float* b, float* c) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  hn::Vec<decltype(d)> sum[tile_rows][2];
#pragma GCC unroll 16
  for (int r = 0; r < tile_rows; ++r) sum[r][0] = sum[r][1] = hn::Zero(d);
  for (int k = 0; k < tile_steps; ++k)
#pragma GCC unroll 16
    for (int r = 0; r < tile_rows; ++r)
#pragma GCC unroll 2
      for (std::size_t v = 0; v < 2; ++v)
        sum[r][v] =
            hn::MulAdd(hn::Set(d, a[k * tile_rows + r]),
                       hn::LoadU(d, b + (2 * static_cast<std::size_t>(k) + v) * lanes), sum[r][v]);
#pragma GCC unroll 16
  for (std::size_t r = 0; r < tile_rows; ++r)
#pragma GCC unroll 2
    for (std::size_t v = 0; v < 2; ++v) hn::StoreU(sum[r][v], d, c + (2 * r + v) * lanes);
}
}  // namespace
HWY_AFTER_NAMESPACE();

// --- what is measured -------------------------------------------------------------------------------

namespace {

// What is exact enough to measure against.
template <class T>
using Wider = std::conditional_t<sizeof(T) == 4, double, long double>;

template <class T>
struct Case {
  const char* name;
  double low, high;  // where it is used
  Wider<T> (*exact)(Wider<T>);
  std::vector<std::pair<const char*, Function<T>>> ways;
};

template <class T>
std::vector<Case<T>> cases() {
  using W = Wider<T>;
  return {{"exp",
           -16,
           16,
           [](W x) { return std::exp(x); },
           {{"plumb", Plumb::exp<T>}, {"xsimd", Xsimd::exp<T>}, {"Highway", Highway::exp<T>}}},
          {"log",
           0,
           16,
           [](W x) { return std::log(x); },
           {{"plumb", Plumb::log<T>}, {"xsimd", Xsimd::log<T>}, {"Highway", Highway::log<T>}}},
          {"tanh",
           -16,
           16,
           [](W x) { return std::tanh(x); },
           {{"plumb", Plumb::tanh<T>}, {"xsimd", Xsimd::tanh<T>}, {"Highway", Highway::tanh<T>}}},
          {"erf",
           -4,
           4,
           [](W x) { return std::erf(x); },
           {{"plumb", Plumb::erf<T>}, {"xsimd", Xsimd::erf<T>}}}};
}

template <class T>
const char* type_name() {
  return sizeof(T) == 4 ? "float" : "double";
}

// A million bit patterns from all of them, and a million numbers of the range.
template <class T>
std::vector<T> inputs(const Case<T>& c) {
  using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  constexpr int count = 1 << 20;
  constexpr Bits step = std::numeric_limits<Bits>::max() / count;
  std::vector<T> result;
  for (Bits i = 0; i < count; ++i) {
    const Bits bits = i * step + i % step;
    T x;
    std::memcpy(&x, &bits, sizeof x);
    result.push_back(x);
  }
  for (int i = 0; i < count; ++i)
    result.push_back(static_cast<T>(c.low + (c.high - c.low) * (i + 0.5) / count));
  return result;
}

// Units in the last place of the exact result; denormal numbers have those of the smallest normal.
template <class T>
double units(T got, Wider<T> exact) {
  const int exponent = std::max(std::ilogb(exact), std::numeric_limits<T>::min_exponent - 1);
  const Wider<T> unit = std::ldexp(Wider<T>(1), exponent - std::numeric_limits<T>::digits + 1);
  return static_cast<double>(std::abs(got - exact) / unit);
}

// Whether a result is a zero, an infinity or a NaN where it should be, or a denormal number within 3
// units; and a number where it should be one.
template <class T>
bool is_right_kind(T got, T expected, Wider<T> exact) {
  if (std::isnan(expected)) return std::isnan(got);
  if (std::isinf(expected) || expected == 0) return got == expected;
  return std::isfinite(got) && (std::isnormal(expected) || units(got, exact) < 3);
}

// Prints "ulp TYPE FUNCTION WAY WORST MEAN WRONG": the worst error of normal results, its mean over the
// range, and how many of the results are of the wrong kind.
template <class T>
void print_errors(const Case<T>& c) {
  const std::vector<T> in = inputs(c);
  std::vector<T> out(in.size());
  for (const auto& [way, function] : c.ways) {
    function(static_cast<std::int64_t>(in.size()), in.data(), out.data());
    double worst = 0, sum = 0;
    std::int64_t wrong = 0;
    for (std::size_t i = 0; i < in.size(); ++i) {
      const Wider<T> exact = c.exact(in[i]);
      const T expected = static_cast<T>(exact);
      if (!is_right_kind(out[i], expected, exact)) {
        ++wrong;
      } else if (std::isnormal(expected)) {
        const double error = units(out[i], exact);
        worst = std::max(worst, error);
        if (i >= in.size() / 2) sum += error;
      }
    }
    std::printf("ulp\t%s\t%s\t%s\t%.4g\t%.4g\t%lld\n", type_name<T>(), c.name, way, worst,
                sum / static_cast<double>(in.size() / 2), static_cast<long long>(wrong));
  }
}

template <class T>
void time_function(const Case<T>& c) {
  std::vector<T> in(run_length), out(run_length);
  for (std::size_t i = 0; i < in.size(); ++i)
    in[i] = static_cast<T>(c.low + (c.high - c.low) * (static_cast<double>(i) + 0.5) / run_length);
  std::vector<bench::Way> ways;
  for (const auto& [way, function] : c.ways)
    ways.push_back({way, [&, f = function] { f(run_length, in.data(), out.data()); }});
  bench::compare("simd", std::string(c.name) + " " + type_name<T>(), run_length, ways);
}

void time_tile() {
  std::vector<float> a(tile_steps * tile_rows, 0.5F), b(tile_steps * 32, 0.25F), c(tile_rows * 32);
  constexpr int columns = HWY_MAX_BYTES / 2;  // two vectors of float
  bench::compare("simd", "tile of a product", 2.0 * tile_steps * tile_rows * columns,
                 {{"plumb", [&] { plumb_tile(a.data(), b.data(), c.data()); }},
                  {"xsimd", [&] { xsimd_tile(a.data(), b.data(), c.data()); }},
                  {"Highway", [&] { highway_tile(a.data(), b.data(), c.data()); }}});
}

template <class T>
void measure(bool accuracy) {
  for (const Case<T>& c : cases<T>()) {
    if (accuracy) {
      print_errors(c);
    } else {
      time_function(c);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const bool accuracy = argc > 1 && std::strcmp(argv[1], "accuracy") == 0;
  measure<float>(accuracy);
  measure<double>(accuracy);
  if (!accuracy) time_tile();
}
