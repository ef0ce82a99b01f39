// Muon: steps by the averaged gradient matrix with all its singular values made nearly equal.
#pragma once

#include <cstdint>
#include <vector>

#include "rule.hpp"

namespace plumb::optim {

/// Options of Muon, for each group.
struct MuonOptions {
  double lr = 0.02;           ///< Learning rate: [0, inf).
  double momentum = 0.95;     ///< How much of the average stays each step: [0, 1).
  bool nesterov = true;       ///< Look one step of the average ahead.
  double weight_decay = 0;    ///< Decoupled: p shrinks by lr * weight_decay * p: [0, inf).
  std::int64_t ns_steps = 5;  ///< Newton-Schulz steps: [1, 100].

  static const Fields<MuonOptions>& fields();
  static StateNames state();
};

/// Muon (Jordan et al. 2024). For every parameter p [rows, columns] that has a gradient g; of more
/// axes, as the weights of convolutions [out, in, kernel...], the first are the rows and the rest the
/// columns; parameters of fewer than 2 axes are refused (they need another rule: Combined):
///
///   m = momentum m + (1 - momentum) g,         m = 0 at the start
///   u = nesterov ? momentum m + (1 - momentum) g : m
///   X = u / (|u| + 1e-7),                      |u| Euclidean, over the whole matrix, in double
///   ns_steps times:  A = X X^T,  X = a X + (b A + c A^2) X      X^T X where rows > columns
///                    (a, b, c) = (3.4445, -4.7750, 2.0315)
///   p = p - lr (sqrt(max(1, rows / columns)) X + weight_decay p)
///
/// X is near the U V^T of u = U S V^T: its singular values come to lie between 0.7 and 1.2 and not at
/// 1. Decay is decoupled and times lr. X is computed in the parameter's dtype; the authors' program
/// does so in bfloat16. torch.optim.Muon is the same but for its defaults (lr 1e-3, decay 0.1).
///
/// The length of u does not change X. So heavy ball (m = momentum m + g), the average here and a
/// debiased one take the same steps: debiasing changes nothing in Muon.
///
/// For the hidden matrices. Embeddings, the last layer, biases and what normalization layers learn
/// are better left to AdamW:
///
///   optim::Combined optimizer(model.parameters(), {{optim::is_matrix, optim::by<optim::Muon>()},
///                                                  {optim::any_parameter, optim::by<optim::AdamW>()}});
class Muon : public Rule<MuonOptions> {
 public:
  using Rule::Rule;

 private:
  void update(std::vector<Update>& updates) override;
};

}  // namespace plumb::optim
