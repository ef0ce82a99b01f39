// Rules for matrices alone, with AdamW for what they leave: Muon and SOAP.
#pragma once

#include <memory>
#include <plumb/nn/module.hpp>
#include <plumb/optim.hpp>

namespace comparison {

/// The matrices inside a model: what has two axes or more, a convolution's weight [out, in, kernel...]
/// and a recurrent layer's [4 out, in] too, but for embeddings of tokens and of positions, and for the
/// output layer, which is the last one registered that has a matrix. A first layer that takes numbers,
/// not tokens, is inside. (Jordan 2024, "Muon: an optimizer for hidden layers in neural networks".)
plumb::optim::Takes hidden_matrices(plumb::nn::Module& model);

/// Muon's options, and those of AdamW beside it. weight_decay is of both.
struct MuonAndAdamWOptions : plumb::optim::MuonOptions {
  double adamw_ratio = 0.1;   ///< AdamW's learning rate in units of lr: [0, inf).
  double adamw_beta1 = 0.9;   ///< [0, 1).
  double adamw_beta2 = 0.95;  ///< [0, 1).
  double adamw_eps = 1e-8;    ///< [0, inf).

  static const plumb::optim::Fields<MuonAndAdamWOptions>& fields();
};

/// Muon for the hidden matrices, AdamW for the rest, in one optimizer.
///
/// AdamW's learning rate is adamw_ratio times lr, so that one search finds both. A tenth lies between
/// 0.015, which is 3e-4 beside 0.02 in the author's program, and the ratio at which both rules move an
/// element about as far in matrices of some hundred rows.
struct MuonAndAdamW {
  using Options = MuonAndAdamWOptions;
  static constexpr const char* title = "Muon+AdamW";
  /// Throws where the model has no hidden matrix.
  static std::unique_ptr<plumb::optim::Optimizer> make(plumb::nn::Module& model,
                                                       const Options& options);
};

/// SOAP for all matrices, embeddings and the output layer too, and AdamW with the same options for the
/// rest, as in the authors' program.
struct SOAPAndAdamW {
  using Options = plumb::optim::SOAPOptions;
  static constexpr const char* title = "SOAP+AdamW";
  /// Throws where the model has no matrix.
  static std::unique_ptr<plumb::optim::Optimizer> make(plumb::nn::Module& model,
                                                       const Options& options);
};

}  // namespace comparison
