#include "dropout.hpp"

#include "../autograd/ops/dropout.hpp"
#include "../core/runtime/error.hpp"

namespace plumb::nn {

Dropout::Dropout(double p, Generator generator)
    : p_(p), generator_(add_generator("generator", generator)) {
  if (!(p >= 0 && p <= 1)) fail("Dropout", "p must be in [0, 1], got ", p);
}

Variable Dropout::forward(const Variable& x) { return training() ? dropout(x, p_, generator_) : x; }

}  // namespace plumb::nn
