#include <plumb/autograd/ops/batch_norm.hpp>
#include <plumb/autograd/ops/normalization.hpp>

#include "operations.hpp"

namespace plumb::test {

namespace {

using Inputs = std::vector<Variable>;
using Constants = std::vector<Tensor>;

// The inputs behind x: "wb" is weight and bias, "b" a bias alone, "no" neither.
Variable affine(const Options& o, const Inputs& in, char part) {
  const std::string parts = o.text("affine");
  if (parts == "no") return Variable();
  const std::size_t place = parts.find(part);
  return place == std::string::npos ? Variable() : in.at(1 + place);
}

Variable batch_norm_case(const Options& o, const Inputs& in, const Constants& constants) {
  const bool by_running = o.text("by") == "running";
  RunningStatistics running;
  if (by_running) running = {constants.at(0), constants.at(1)};
  return batch_norm(running, in[0], affine(o, in, 'w'), affine(o, in, 'b'),
                    by_running ? NormalizeBy::running : NormalizeBy::batch, 0.1,
                    o.number("eps", 1e-5));
}

}  // namespace

Table normalization_operations() {
  Table table;
  table["batch_norm"] = batch_norm_case;
  table["layer_norm"] = [](const Options& o, const Inputs& in, const Constants&) {
    return layer_norm(in[0], Shape(o.list("shape")), affine(o, in, 'w'), affine(o, in, 'b'),
                      o.number("eps", 1e-5));
  };
  table["group_norm"] = [](const Options& o, const Inputs& in, const Constants&) {
    return group_norm(in[0], o.integer("groups", 0), affine(o, in, 'w'), affine(o, in, 'b'),
                      o.number("eps", 1e-5));
  };
  return table;
}

}  // namespace plumb::test
