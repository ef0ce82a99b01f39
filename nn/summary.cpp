#include "summary.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <map>

#include "../autograd/modes.hpp"

namespace plumb::nn {
namespace {

using Row = std::array<std::string, 4>;

// A module and all below it, under each of its names: one that is shared has several.
void list(Module& module, const std::string& name, std::vector<NamedModule>& all) {
  all.push_back({name, &module});
  for (const NamedModule& child : module.children())
    list(*child.module, name.empty() ? child.name : name + "." + child.name, all);
}

// 1234567 as "1,234,567".
std::string grouped(std::int64_t count) {
  std::string digits = std::to_string(count);
  for (std::size_t end = digits.size(); end > 3; end -= 3) digits.insert(end - 3, ",");
  return digits;
}

// While it lives, notes the shape of every result of a tree's layers, and which layers are called
// that the tree does not have.
class ShapeRecorder final : public detail::LayerObserver {
 public:
  explicit ShapeRecorder(const std::vector<NamedModule>& modules) {
    for (const NamedModule& m : modules) names_[m.module] = m.name.empty() ? "(model)" : m.name;
  }

  void saw(const Layer& layer, const Variable& result, const Layer* caller) override {
    std::string shape = result.defined() ? to_string(result.shape()) : "-";
    if (names_.count(&layer) == 0) {
      const auto by = names_.find(caller);
      names_[&layer] = layer.type_name();  // what it calls itself is known by its class
      strangers_ += "not taken in with add(): " + layer.type_name() + " " + shape +
                    (by == names_.end() ? "" : ", called by " + by->second) + ", " +
                    grouped(layer.parameter_count()) + " parameters\n";
    }
    shapes_[&layer].push_back(std::move(shape));
  }
  // A line for each layer that the tree does not have.
  const std::string& strangers() const { return strangers_; }
  // For each name of a module in turn: the shape of its next result, and for the last name all that
  // are left and differ.
  std::string take_shapes(const Module* module, bool last_name) {
    std::deque<std::string>& shapes = shapes_[module];
    std::string all, before;
    for (; !shapes.empty(); shapes.pop_front()) {
      if (shapes.front() != before) all += (all.empty() ? "" : ", ") + shapes.front();
      before = shapes.front();
      if (last_name) continue;
      shapes.pop_front();
      break;
    }
    return all.empty() ? "-" : all;
  }

 private:
  std::map<const Module*, std::string> names_;
  std::map<const Module*, std::deque<std::string>> shapes_;
  std::string strangers_;
};

std::string table(const std::vector<Row>& rows) {
  std::array<std::size_t, 4> widths{};
  for (const Row& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  std::string out;
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < 3; ++i)
      out += row[i] + std::string(widths[i] - row[i].size() + 2, ' ');
    out += std::string(widths[3] - row[3].size(), ' ') + row[3] + "\n";
  }
  return out;
}

}  // namespace

std::string summary(Layer& model, const Shape& input) {
  const Parameters parameters = model.parameters();
  const DType dtype = parameters.empty() ? DType::float32 : parameters[0].variable.dtype();
  return summary(model, Tensor::zeros(input, dtype));
}

std::string summary(Layer& model, const Tensor& x, const Tensor& lengths) {
  return summary(model, [&] { model(x, lengths); });
}

std::string summary(Module& model, const std::function<void()>& pass) {
  const Parameters parameters = model.parameters();
  std::vector<NamedModule> modules;
  list(model, "", modules);
  ShapeRecorder recorder(modules);
  {
    const EvalMode eval(model);
    const NoGrad no_grad;
    pass();
  }

  std::map<std::string, std::int64_t> own;  // by the name of the module
  for (const Parameter& p : parameters) {
    const std::size_t dot = p.name.rfind('.');
    own[dot == std::string::npos ? "" : p.name.substr(0, dot)] += p.variable.numel();
  }
  std::vector<Row> rows{{"layer", "type", "output", "parameters"}};
  std::map<const Module*, std::int64_t> names_left;
  for (const NamedModule& m : modules) ++names_left[m.module];
  for (const NamedModule& m : modules)
    rows.push_back({m.name.empty() ? "(model)" : m.name, m.module->type_name(),
                    recorder.take_shapes(m.module, --names_left[m.module] == 0),
                    grouped(own[m.name])});
  return table(rows) + "parameters: " + grouped(model.parameter_count()) +
         ", trainable: " + grouped(model.parameter_count(Count::trainable)) + "\n" +
         recorder.strangers();
}

}  // namespace plumb::nn
