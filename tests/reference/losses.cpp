#include <plumb/core/runtime/error.hpp>
#include <plumb/nn/loss.hpp>

#include "operations.hpp"

namespace plumb::test {

namespace {

using Inputs = std::vector<Variable>;
using Constants = std::vector<Tensor>;

Reduction reduction_of(const Options& o) {
  const std::string name = o.text("reduction");
  if (name == "sum") return Reduction::sum;
  if (name == "none") return Reduction::none;
  if (name == "batchmean") return Reduction::batchmean;
  if (name != "mean") errors::fail("reference", "unknown reduction '", name, "'");
  return Reduction::mean;
}

// What cross_entropy and nll have in common; the constants are targets and perhaps weights.
template <class LossOptions>
LossOptions class_options(const Options& o, const Constants& constants) {
  LossOptions options;
  options.reduction = reduction_of(o);
  if (constants.size() > 1) options.weight = constants[1];
  if (o.has("ignore_index")) options.ignore_index = o.integer("ignore_index", 0);
  return options;
}

Operation of_pair(Variable (*f)(const Variable&, const Variable&, Reduction)) {
  return [f](const Options& o, const Inputs& in, const Constants&) {
    return f(in[0], in[1], reduction_of(o));
  };
}

}  // namespace

Table cross_entropy_operations() {
  Table table;
  table["cross_entropy"] = [](const Options& o, const Inputs& in, const Constants& constants) {
    auto options = class_options<CrossEntropyOptions>(o, constants);
    options.label_smoothing = o.number("label_smoothing", 0);
    return nn::cross_entropy(in[0], constants[0], options);
  };
  table["nll"] = [](const Options& o, const Inputs& in, const Constants& constants) {
    return nn::nll(in[0], constants[0], class_options<NllOptions>(o, constants));
  };
  return table;
}

Table loss_operations() {
  Table table;
  table["mse"] = of_pair(nn::mse);
  table["l1"] = of_pair(nn::l1);
  table["huber"] = [](const Options& o, const Inputs& in, const Constants&) {
    return nn::huber(in[0], in[1], o.number("delta", 1), reduction_of(o));
  };
  table["bce_with_logits"] = [](const Options& o, const Inputs& in, const Constants& constants) {
    BceOptions options;
    options.reduction = reduction_of(o);
    std::size_t next = 0;
    if (o.flag("weight")) options.weight = constants.at(next++);
    if (o.flag("pos_weight")) options.pos_weight = constants.at(next++);
    return nn::bce_with_logits(in[0], in[1], options);
  };
  table["kl_div"] = [](const Options& o, const Inputs& in, const Constants& constants) {
    KlDivOptions options;
    options.log_target = o.flag("log_target");
    options.reduction = reduction_of(o);
    return nn::kl_div(in[0], constants.empty() ? in[1] : constants[0], options);
  };
  return table;
}

}  // namespace plumb::test
