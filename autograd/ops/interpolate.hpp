// Images and signals in another size: upsampling and interpolation.
#pragma once

#include "../../core/tensor/size2d.hpp"
#include "../variable.hpp"

namespace plumb {

/// Where the elements of a resized axis come from.
enum class Interpolation : std::uint8_t {
  nearest,  ///< Each is one of x: that of index floor(i in / out).
  linear,   ///< Each lies between two of x (in an image between four: bilinear).
};

/// How the axes of x and of the result lie on one another, for Interpolation::linear.
enum class AlignCorners : std::uint8_t {
  no,   ///< Their edges meet: i lies at (i + 1/2) in / out - 1/2, but at 0 at least.
  yes,  ///< Their outermost elements meet: i lies at i (in - 1) / (out - 1).
};

struct InterpolateOptions {
  Interpolation mode = Interpolation::nearest;
  AlignCorners align_corners = AlignCorners::no;  ///< Throws if yes with Interpolation::nearest.
};

/// x [n, c, h, w] -> [n, c, size.height, size.width], or a signal x [n, c, l] -> [n, c, size] for one
/// number. Smaller sizes pick or mix elements and leave others out, as in PyTorch without
/// antialiasing. n and c may be 0.
///
/// ```
/// interpolate(x, {48, 64});                              // each of the nearest
/// interpolate(x, 48, {Interpolation::linear});           // [n, c, 48, 48], bilinear
/// ```
///
/// Nearest takes any element type. Its indices are exact; in float32 PyTorch rounds in / out, and at
/// some sizes takes a neighbour (never for whole factors up to 16). In a linear mean an element whose
/// share is 0 is not looked at, be it infinite (PyTorch: NaN).
/// Throws "[interpolate] ..." for other ranks, for sizes below 1, for an input without elements
/// along a resized axis, and for integers with Interpolation::linear.
Variable interpolate(const Variable& x, const Size2d& size, const InterpolateOptions& options = {});

/// interpolate() to a whole multiple of the sizes of x: [n, c, h, w] -> [n, c, h height, w width].
Variable upsample(const Variable& x, const Size2d& factor, const InterpolateOptions& options = {});

}  // namespace plumb
