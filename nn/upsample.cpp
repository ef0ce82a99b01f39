#include "upsample.hpp"

#include "../core/runtime/internal/fail.hpp"

namespace plumb::nn {

Upsample::Upsample(const Size2d& factor, const InterpolateOptions& options)
    : Upsample(factor, options, Target::factor) {}

Upsample Upsample::to(const Size2d& size, const InterpolateOptions& options) {
  return Upsample(size, options, Target::size);
}

Upsample::Upsample(const Size2d& numbers, const InterpolateOptions& options, Target target)
    : numbers_(numbers), options_(options), target_(target) {
  if (numbers.height < 1 || numbers.width < 1)
    fail("Upsample", "the ", target == Target::factor ? "factor" : "size",
         " must be at least 1, got ", numbers);
  if (options.mode == Interpolation::nearest && options.align_corners == AlignCorners::yes)
    fail("Upsample", "align_corners is for Interpolation::linear");
}

Variable Upsample::forward(const Variable& x) {
  return target_ == Target::factor ? upsample(x, numbers_, options_)
                                   : interpolate(x, numbers_, options_);
}

}  // namespace plumb::nn
