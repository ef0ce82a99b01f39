// Log-mel features: the loudness of a sound in bands that are spaced as hearing spaces them.
#pragma once

#include <cstdint>

#include "../tensor/tensor.hpp"

namespace plumb {

/// How LogMel divides a sound into frames, and a frame's spectrum into bands. The defaults are for
/// speech at 8 kHz: a frame of 25 ms every 10 ms.
struct LogMelOptions {
  std::int64_t rate = 8000;   ///< Samples in a second, >= 1.
  std::int64_t fft = 256;     ///< Points of the spectrum, >= window; a frame is followed by zeros.
  std::int64_t window = 200;  ///< Samples of a frame, in [1, 65536].
  std::int64_t hop = 80;      ///< Samples from the begin of a frame to that of the next, >= 1.
  std::int64_t bands = 40;    ///< Triangles, >= 1.
  double low = 0;             ///< Hz, where the first triangle begins, >= 0.
  double high = 0;            ///< Hz, where the last one ends, > low and <= rate / 2; 0: rate / 2.
  double floor = 1e-6;  ///< Added to the energy of a band, so that silence has a logarithm; > 0.
  /// 0: the bands. Otherwise the first so many coefficients of their cosine transform (DCT-II,
  /// orthonormal), in [1, bands]: mel-frequency cepstral coefficients.
  std::int64_t cepstra = 0;

  /// Throws "[LogMel] hop must be at least 1, got 0" and the like.
  void check() const;
};

/// y[t, b] = log(floor + sum over f of T[f, b] |S[t, f]|^2)
///
/// S[t, f] = sum over k of x[t hop + k] w[k] exp(-2 pi i f k / fft) for f = 0, ..., fft / 2, with the
/// periodic Hann window w[k] = (1 - cos(2 pi k / window)) / 2: what scipy.signal.stft and torch.stft
/// give without padding at the begin, not divided by the window's sum. T has triangles of height 1
/// whose corners are evenly spaced in m = 2595 log10(1 + f / 700), the mel scale of HTK.
///
/// There are as few frames as hold all samples: 1 + ceil((n - window) / hop) of n > window, one of 1
/// to window, none of none. The last is filled up with zeros.
///
/// The spectrum is a product with a fixed matrix of cosines and sines: for frames of a few hundred
/// samples as fast as a Fourier transform, the same bits for any number of threads, and no library.
/// nn::LogMel is the same as a layer that passes gradients on.
class LogMel {
 public:
  /// Throws for options out of their ranges, and for a triangle so narrow that it holds no point of
  /// the spectrum.
  explicit LogMel(const LogMelOptions& options = {});

  LogMelOptions options() const { return options_; }
  std::int64_t frames(std::int64_t samples) const;
  /// bands, or cepstra.
  std::int64_t features() const;

  /// x [n] -> [frames, features]. float32 or float64.
  Tensor operator()(const Tensor& x) const;
  /// [features]: those of a frame of zeros, for padding behind a shorter sound.
  Tensor silence(DType dtype = DType::float32) const;

  /// What x is multiplied with, float32 or float64.
  struct Matrices {
    Tensor fourier;  ///< [2 (fft / 2 + 1), window]: cosines, then sines, times the window's values.
    Tensor triangles;  ///< [bands, fft / 2 + 1].
    Tensor cosines;    ///< [cepstra, bands]; undefined without.
  };
  /// Shared, not to be changed.
  const Matrices& matrices(DType dtype) const&;
  const Matrices& matrices(DType dtype) const&& = delete;

 private:
  LogMelOptions options_;
  Matrices single_, double_;
};

}  // namespace plumb
