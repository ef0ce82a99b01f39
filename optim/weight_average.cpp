#include "weight_average.hpp"

#include <map>
#include <set>

#include "../core/runtime/internal/fail.hpp"

namespace plumb::optim {
namespace {

constexpr const char* owner = "WeightAverage";

std::string form(const Tensor& x) { return text(x.shape(), " of ", x.dtype()); }

bool same_form(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && a.dtype() == b.dtype();
}

void copy_into(const Parameter& parameter, const Tensor& from) {
  Tensor value = parameter.variable.value();
  value.copy_from(from);
}

void complain(std::string& problems, const std::string& what) {
  problems += (problems.empty() ? "" : "; ") + what;
}

}  // namespace

WeightAverage WeightAverage::debiased(const Parameters& parameters, double beta) {
  return {parameters, TensorMovingAverage::debiased(beta)};
}

WeightAverage WeightAverage::simple(const Parameters& parameters) {
  return {parameters, TensorMovingAverage::simple()};
}

WeightAverage::WeightAverage(const Parameters& parameters, const TensorMovingAverage& empty)
    : parameters_(parameters), averages_(parameters.size(), empty) {
  if (parameters.empty()) fail(owner, "the list of parameters is empty");
  std::set<std::string> names;
  for (const auto& [name, variable] : parameters) {
    if (!names.insert(name).second) fail(owner, "two parameters are named '", name, "'");
    if (!is_floating(variable.dtype()))
      fail(owner, "parameter '", name, "' must be float32 or float64, got ", variable.dtype());
  }
}

void WeightAverage::check_swapped_out(const char* action) const {
  if (swapped_in()) fail(owner, "swap out the averages before you ", action);
}

void WeightAverage::check_forms() const {
  for (std::size_t i = 0; i < averages_.size(); ++i) {
    const Tensor& value = parameters_[i].variable.value();
    const Tensor& average = averages_[i].state();
    if (average.defined() && !same_form(value, average))
      fail(owner, "parameter '", parameters_[i].name, "' is ", form(value), ", its average is ",
           form(average));
  }
}

void WeightAverage::update() {
  check_swapped_out("update them");
  check_forms();
  for (std::size_t i = 0; i < averages_.size(); ++i)
    averages_[i].add(parameters_[i].variable.value());
}

void WeightAverage::set_beta(double beta) {
  for (TensorMovingAverage& average : averages_) average.set_beta(beta);
}

std::vector<Tensor> WeightAverage::values() const {
  if (count() == 0) fail(owner, "there is no update yet");
  std::vector<Tensor> all;
  for (const TensorMovingAverage& average : averages_) all.push_back(average.value());
  return all;
}

void WeightAverage::swap_in() {
  check_swapped_out("swap them in again");
  const std::vector<Tensor> averages = values();
  check_forms();
  std::vector<Tensor> kept;
  for (const Parameter& parameter : parameters_) kept.push_back(parameter.variable.value().clone());
  kept_ = std::move(kept);
  for (std::size_t i = 0; i < averages.size(); ++i) copy_into(parameters_[i], averages[i]);
}

void WeightAverage::swap_out() {
  if (!swapped_in()) fail(owner, "no averages are swapped in");
  check_forms();
  for (std::size_t i = 0; i < kept_.size(); ++i) copy_into(parameters_[i], kept_[i]);
  kept_.clear();
}

void WeightAverage::copy_to(const Parameters& to) const {
  const std::vector<Tensor> averages = values();
  std::map<std::string, Tensor> missing;
  for (std::size_t i = 0; i < averages.size(); ++i)
    missing.emplace(parameters_[i].name, averages[i]);
  std::vector<Tensor> found;
  std::string problems;
  for (const auto& [name, variable] : to) {
    const auto average = missing.extract(name);
    if (average.empty())
      complain(problems, "no average of '" + name + "'");
    else if (!same_form(variable.value(), average.mapped()))
      complain(problems, text("'", name, "' is ", form(variable.value()), ", its average is ",
                              form(average.mapped())));
    else
      found.push_back(average.mapped());
  }
  for (const auto& [name, average] : missing) complain(problems, "no parameter '" + name + "'");
  if (!problems.empty()) fail(owner, "the parameters do not fit: ", problems);
  for (std::size_t i = 0; i < to.size(); ++i) copy_into(to[i], found[i]);
}

StateDict WeightAverage::state_dict() const {
  check_swapped_out("save");
  StateDict state;
  for (std::size_t i = 0; i < averages_.size(); ++i)
    state.insert(parameters_[i].name, averages_[i].state_dict());
  return state;
}

void WeightAverage::load_state_dict(const StateDict& from) {
  check_swapped_out("load others");
  std::map<std::string, Tensor> tensors = from.tensors();
  auto scalars = from.scalars();
  std::string problems;
  for (const auto& [name, variable] : parameters_) {
    for (const char* what : {".averaging", ".beta", ".count", ".weight"})
      if (scalars.erase(name + what) == 0) complain(problems, "no " + name + what);
    const auto average = tensors.extract(name + ".average");
    if (!average.empty() && !same_form(variable.value(), average.mapped()))
      complain(problems, text("'", name, "' is ", form(variable.value()), ", its average is ",
                              form(average.mapped())));
  }
  for (const auto& [name, value] : scalars) complain(problems, "unexpected " + name);
  for (const auto& [name, value] : tensors) complain(problems, "unexpected " + name);
  if (!problems.empty()) fail(owner, "the state dict does not fit: ", problems);
  std::vector<TensorMovingAverage> loaded = averages_;
  for (std::size_t i = 0; i < loaded.size(); ++i) {
    loaded[i].load_state_dict(from.part(parameters_[i].name));
    if (loaded[i].count() != loaded[0].count())
      fail(owner, "the state dict has ", loaded[0].count(), " updates of '", parameters_[0].name,
           "' and ", loaded[i].count(), " of '", parameters_[i].name, "'");
  }
  averages_ = std::move(loaded);
}

}  // namespace plumb::optim
