// SOAP: Adam in the eigenbases of the gradients' second moments on both sides.
#pragma once

#include <cstdint>
#include <vector>

#include "rule.hpp"

namespace plumb::optim {

/// Options of SOAP, for each group.
struct SOAPOptions {
  double lr = 0.003;           ///< Learning rate: [0, inf).
  double beta1 = 0.95;         ///< How much of the first moment stays each step: [0, 1).
  double beta2 = 0.95;         ///< How much of the second moments stays each step: [0, 1).
  double eps = 1e-8;           ///< Added to the root: [0, inf). 0: NaN of gradients always 0.
  double weight_decay = 0.01;  ///< Decoupled: p shrinks by lr * weight_decay * p: [0, inf).
  std::int64_t precondition_frequency = 10;  ///< Steps between new bases: [1, inf).
  std::int64_t max_precond_dim = 10000;      ///< Larger sides keep their own basis: [0, inf).

  static const Fields<SOAPOptions>& fields();
  static StateNames state();
};

/// SOAP (Vyas et al. 2024, algorithm 3). For every parameter p [rows, columns] that has a gradient g;
/// of more axes, as the weights of convolutions, the first are the rows and the rest the columns;
/// parameters of fewer than 2 axes are refused (they need another rule: Combined):
///
///   first step:  L = (1 - beta2) g g^T,  R = (1 - beta2) g^T g,  Q, S their eigenvectors; p stays
///   then, t = 1, 2, ...:
///   m = beta1 m + (1 - beta1) g,               m = 0 before t = 1
///   v = beta2 v + (1 - beta2) (Q^T g S)^2,     v = 0 before t = 1, elementwise
///   u = Q ((Q^T m S) / (sqrt(v) + eps)) S^T
///   p = p - lr (sqrt(1 - beta2^t) / (1 - beta1^t) u + weight_decay p)
///   L = beta2 L + (1 - beta2) g g^T,  R = beta2 R + (1 - beta2) g^T g
///   t a multiple of precondition_frequency:  Q = the Q of the QR of L Q, its columns, and the rows
///     of v, by falling diagonal of Q^T L Q;  S and the columns of v alike
///
/// Decay is decoupled and times lr. A side longer than max_precond_dim, as that of an embedding, has
/// no basis of its own. Eigenvectors and QR are computed in float64 by one thread, so results repeat.
/// A step with a gradient that is not finite, or whose square is not, is refused: RefusedGradient.
///
/// The authors' program lets decay act on p after the step, and takes convolutions axis by axis unless
/// told to merge them. For the hidden matrices; the rest by AdamW, as with Muon. A step costs eight
/// products of the matrix with its sides.
class SOAP : public Rule<SOAPOptions> {
 public:
  using Rule::Rule;

 private:
  void update(std::vector<Update>& updates) override;
};

}  // namespace plumb::optim
