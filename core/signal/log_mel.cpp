#include "log_mel.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "../kernels/math.hpp"
#include "../kernels/matmul/matmul.hpp"
#include "../runtime/floating_point.hpp"
#include "../runtime/internal/fail.hpp"
#include "../tensor/internal/dispatch.hpp"

namespace plumb {
namespace {

constexpr const char* operation = "LogMel";
constexpr double pi = 3.14159265358979323846;

double highest(const LogMelOptions& options) {
  return options.high == 0 ? static_cast<double>(options.rate) / 2 : options.high;
}

double mel(double hertz) { return 2595 * std::log10(1 + hertz / 700); }
double hertz(double mel) { return 700 * (std::pow(10, mel / 2595) - 1); }

// cos(2 pi turns), exactly 0, 1 or -1 where it is so.
double cosine(std::int64_t numerator, std::int64_t denominator) {
  const std::int64_t n = numerator % denominator;
  if (4 * n == denominator || 4 * n == 3 * denominator) return 0;
  return std::cos(2 * pi * static_cast<double>(n) / static_cast<double>(denominator));
}
double sine(std::int64_t numerator, std::int64_t denominator) {
  const std::int64_t n = numerator % denominator;
  if (n == 0 || 2 * n == denominator) return 0;
  return std::sin(2 * pi * static_cast<double>(n) / static_cast<double>(denominator));
}

Tensor fourier_matrix(const LogMelOptions& options) {
  const std::int64_t bins = options.fft / 2 + 1, window = options.window;
  Tensor result = Tensor::empty({2 * bins, window}, DType::float64);
  double* to = result.mutable_data<double>();
  for (std::int64_t f = 0; f < bins; ++f)
    for (std::int64_t k = 0; k < window; ++k) {
      const double hann = (1 - cosine(k, window)) / 2;
      to[f * window + k] = hann * cosine(f * k, options.fft);
      to[(bins + f) * window + k] = hann * sine(f * k, options.fft);
    }
  return result;
}

Tensor triangle_matrix(const LogMelOptions& options) {
  const std::int64_t bins = options.fft / 2 + 1, bands = options.bands;
  const double first = mel(options.low), last = mel(highest(options));
  const auto corner = [&](std::int64_t i) {
    return hertz(first + (last - first) * static_cast<double>(i) / static_cast<double>(bands + 1));
  };
  Tensor result = Tensor::empty({bands, bins}, DType::float64);
  double* to = result.mutable_data<double>();
  for (std::int64_t b = 0; b < bands; ++b) {
    const double left = corner(b), middle = corner(b + 1), right = corner(b + 2);
    double most = 0;
    for (std::int64_t f = 0; f < bins; ++f) {
      const double at = static_cast<double>(f * options.rate) / static_cast<double>(options.fft);
      const double height =
          std::min((at - left) / (middle - left), (right - at) / (right - middle));
      most = std::max(most, *to++ = std::max(0.0, height));
    }
    if (most == 0)
      fail(operation, "band ", b, " of ", left, " to ", right,
           " Hz holds no point of a spectrum of ", options.fft,
           " points; take fewer bands or a larger fft");
  }
  return result;
}

Tensor cosine_matrix(const LogMelOptions& options) {
  const std::int64_t n = options.bands;
  Tensor result = Tensor::empty({options.cepstra, n}, DType::float64);
  double* to = result.mutable_data<double>();
  for (std::int64_t k = 0; k < options.cepstra; ++k)
    for (std::int64_t b = 0; b < n; ++b)
      *to++ =
          std::sqrt((k == 0 ? 1.0 : 2.0) / static_cast<double>(n)) * cosine((2 * b + 1) * k, 4 * n);
  return result;
}

// [frames, window] of x, with zeros behind its end.
template <class T>
Tensor cut(const Tensor& x, std::int64_t frames, const LogMelOptions& options) {
  Tensor result = Tensor::empty({frames, options.window}, dtype_of<T>);
  const T* from = x.data<T>();
  T* to = result.mutable_data<T>();
  for (std::int64_t t = 0; t < frames; ++t, to += options.window) {
    const std::int64_t begin = t * options.hop;
    const std::int64_t held = std::clamp<std::int64_t>(x.numel() - begin, 0, options.window);
    std::copy_n(from + begin, held, to);
    std::fill(to + held, to + options.window, T{0});
  }
  return result;
}

// |S|^2 [frames, bins] of the cosine and sine parts [frames, 2 bins].
template <class T>
Tensor power(const Tensor& parts) {
  const std::int64_t bins = parts.dim(1) / 2;
  Tensor result = Tensor::empty({parts.dim(0), bins}, dtype_of<T>);
  const T* from = parts.data<T>();
  T* to = result.mutable_data<T>();
  for (std::int64_t t = 0; t < parts.dim(0); ++t, from += 2 * bins, to += bins)
    for (std::int64_t f = 0; f < bins; ++f)
      to[f] = from[f] * from[f] + from[bins + f] * from[bins + f];
  return result;
}

template <class T>
void add_in_place(Tensor& x, T value) {
  T* data = x.mutable_data<T>();
  for (std::int64_t i = 0; i < x.numel(); ++i) data[i] += value;
}

}  // namespace

void LogMelOptions::check() const {
  const auto at_least_one = [](const char* name, std::int64_t value) {
    if (value < 1) fail(operation, name, " must be at least 1, got ", value);
  };
  constexpr std::int64_t longest = 65536;
  at_least_one("rate", rate);
  at_least_one("hop", hop);
  at_least_one("bands", bands);
  if (window < 1 || window > longest)
    fail(operation, "window must be in [1, ", longest, "], got ", window);
  if (fft < window || fft > longest)
    fail(operation, "fft must be in [window, ", longest, "] = [", window, ", ", longest, "], got ",
         fft);
  if (bands > fft) fail(operation, "bands must be at most fft = ", fft, ", got ", bands);
  const double half = static_cast<double>(rate) / 2;
  if (!(low >= 0 && low < half)) fail(operation, "low must be in [0, ", half, ") Hz, got ", low);
  if (high != 0 && !(high > low && high <= half))
    fail(operation, "high must be in (low, rate / 2] = (", low, ", ", half, "] Hz, got ", high);
  if (!(floor > 0 && std::isfinite(floor)))
    fail(operation, "floor must be positive and finite, got ", floor);
  if (cepstra < 0 || cepstra > bands)
    fail(operation, "cepstra must be in [0, bands] = [0, ", bands, "], got ", cepstra);
}

LogMel::LogMel(const LogMelOptions& options) : options_(options) {
  options.check();
  const detail::FloatingPointMode mode;
  double_ = {fourier_matrix(options), triangle_matrix(options),
             options.cepstra > 0 ? cosine_matrix(options) : Tensor()};
  single_ = {double_.fourier.to(DType::float32), double_.triangles.to(DType::float32),
             options.cepstra > 0 ? double_.cosines.to(DType::float32) : Tensor()};
}

std::int64_t LogMel::frames(std::int64_t samples) const {
  if (samples < 0) fail(operation, "the number of samples must not be negative, got ", samples);
  if (samples <= options_.window) return samples > 0 ? 1 : 0;
  return 1 + (samples - options_.window + options_.hop - 1) / options_.hop;
}

std::int64_t LogMel::features() const {
  return options_.cepstra > 0 ? options_.cepstra : options_.bands;
}

const LogMel::Matrices& LogMel::matrices(DType dtype) const& {
  if (dtype != DType::float32 && dtype != DType::float64)
    fail(operation, "expected float32 or float64, got ", dtype);
  return dtype == DType::float32 ? single_ : double_;
}

Tensor LogMel::operator()(const Tensor& x) const {
  if (x.rank() != 1) fail(operation, "expected samples [n], got ", x.shape());
  const Matrices& with = matrices(x.dtype());
  const detail::FloatingPointMode mode;
  return dispatch_floating(operation, x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const Tensor parts = kernel::linear(cut<T>(x, frames(x.numel()), options_), with.fourier, {});
    Tensor energy = kernel::linear(power<T>(parts), with.triangles, {});
    add_in_place(energy, static_cast<T>(options_.floor));
    const Tensor bands = kernel::log(energy);
    return with.cosines.defined() ? kernel::linear(bands, with.cosines, {}) : bands;
  });
}

Tensor LogMel::silence(DType dtype) const {
  return (*this)(Tensor::zeros({1}, dtype)).reshape({features()});
}

}  // namespace plumb
