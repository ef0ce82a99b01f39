#include "matrix_rules.hpp"

#include <algorithm>
#include <plumb/core/runtime/error.hpp>
#include <plumb/nn/embedding.hpp>
#include <plumb/nn/position.hpp>
#include <vector>

namespace comparison {
namespace {

using namespace plumb;

// Those of its own, not of its children.
std::vector<Variable> own_matrices(const nn::Module& module) {
  std::vector<Variable> all;
  for (const Parameter& parameter : module.parameters())
    if (parameter.name.find('.') == std::string::npos && optim::is_matrix(parameter))
      all.push_back(parameter.variable);
  return all;
}

bool is_embedding(const nn::Module& module) {
  return dynamic_cast<const nn::Embedding*>(&module) != nullptr ||
         dynamic_cast<const nn::LearnedPositions*>(&module) != nullptr;
}

bool holds(const std::vector<Variable>& all, const Variable& variable) {
  return std::any_of(all.begin(), all.end(),
                     [&](const Variable& each) { return each.same_as(variable); });
}

// Combined, or the rule alone where it takes all.
std::unique_ptr<optim::Optimizer> with_adamw(const char* rule, const char* matrices,
                                             const Parameters& parameters,
                                             const optim::Takes& takes, const optim::MakeRule& make,
                                             const optim::AdamWOptions& adamw) {
  const auto taken = std::count_if(parameters.begin(), parameters.end(), takes);
  if (taken == 0)
    errors::fail(rule, "the model has no ", matrices, ", so AdamW would train all of it");
  if (taken == static_cast<std::ptrdiff_t>(parameters.size())) return make(parameters);
  return std::make_unique<optim::Combined>(
      parameters, std::vector<optim::Choice>{
                      {takes, make}, {optim::any_parameter, optim::by<optim::AdamW>(adamw)}});
}

}  // namespace

optim::Takes hidden_matrices(nn::Module& model) {
  std::vector<Variable> embeddings, last;
  for (const nn::NamedModule& each : model.modules()) {
    const std::vector<Variable> own = own_matrices(*each.module);
    if (is_embedding(*each.module))
      embeddings.insert(embeddings.end(), own.begin(), own.end());
    else if (!own.empty())
      last = own;
  }
  return [embeddings, last](const Parameter& parameter) {
    return optim::is_matrix(parameter) && !holds(embeddings, parameter.variable) &&
           !holds(last, parameter.variable);
  };
}

const optim::Fields<MuonAndAdamWOptions>& MuonAndAdamWOptions::fields() {
  using Options = MuonAndAdamWOptions;
  using optim::at_least, optim::half_open, optim::closed;
  static const optim::Fields<Options> all = {
      "Muon",
      {{"lr", &Options::lr, at_least(0)},
       {"momentum", &Options::momentum, half_open(0, 1)},
       {"nesterov", &Options::nesterov},
       {"weight_decay", &Options::weight_decay, at_least(0)},
       {"ns_steps", &Options::ns_steps, closed(1, 100)},
       {"adamw_ratio", &Options::adamw_ratio, at_least(0)},
       {"adamw_beta1", &Options::adamw_beta1, half_open(0, 1)},
       {"adamw_beta2", &Options::adamw_beta2, half_open(0, 1)},
       {"adamw_eps", &Options::adamw_eps, at_least(0)}}};
  return all;
}

std::unique_ptr<optim::Optimizer> MuonAndAdamW::make(nn::Module& model, const Options& options) {
  optim::AdamWOptions adamw;
  adamw.lr = options.adamw_ratio * options.lr;
  adamw.beta1 = options.adamw_beta1;
  adamw.beta2 = options.adamw_beta2;
  adamw.eps = options.adamw_eps;
  adamw.weight_decay = options.weight_decay;
  return with_adamw("Muon", "hidden matrix", model.parameters(), hidden_matrices(model),
                    optim::by<optim::Muon>(options), adamw);
}

std::unique_ptr<optim::Optimizer> SOAPAndAdamW::make(nn::Module& model, const Options& options) {
  optim::AdamWOptions adamw;
  adamw.lr = options.lr;
  adamw.beta1 = options.beta1;
  adamw.beta2 = options.beta2;
  adamw.eps = options.eps;
  adamw.weight_decay = options.weight_decay;
  return with_adamw("SOAP", "matrix", model.parameters(), optim::is_matrix,
                    optim::by<optim::SOAP>(options), adamw);
}

}  // namespace comparison
