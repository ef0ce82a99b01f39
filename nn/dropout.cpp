#include "dropout.hpp"

#include "../autograd/internal/mistakes.hpp"
#include "../autograd/modes.hpp"
#include "../autograd/ops/dropout.hpp"
#include "../core/runtime/checks.hpp"
#include "../core/runtime/internal/fail.hpp"

namespace plumb::nn {

Dropout::Dropout(double p, Generator generator)
    : p_(p), generator_(add_generator("generator", generator)) {
  if (!(p >= 0 && p <= 1)) fail("Dropout", "p must be in [0, 1], got ", p);
}

Variable Dropout::forward(const Variable& x) {
  if (checks() && p_ > 0) check_mode(x);
  return training() ? dropout(x, p_, generator_) : x;
}

void Dropout::check_mode(const Variable& x) const {
  using plumb::detail::Mode;
  if (grad_enabled()) {
    if (x.requires_grad())
      plumb::detail::count_mode(training() ? Mode::training : Mode::evaluation);
  } else if (training()) {
    plumb::detail::tell("dropout under NoGrad", "Dropout",
                        "drops under NoGrad, so what is evaluated is noise: call model.eval(), or "
                        "use EvalMode, before");
  }
}

}  // namespace plumb::nn
