#include "insight.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <plumb/autograd/derivatives.hpp>
#include <plumb/data/tables/csv.hpp>
#include <plumb/nn/module.hpp>
#include <plumb/optim/clip.hpp>

#include "../../support/cells.hpp"
#include "noise_scale.hpp"

namespace comparison {
namespace {

using namespace plumb;

using Tensors = std::vector<Tensor>;

// Of the gradient noise, and of the sharpness.
constexpr std::int64_t parts = 8, repeats = 2;
constexpr std::int64_t samples = 256;
constexpr int iterations = 8;

double dot(const Tensors& a, const Tensors& b) {
  double all = 0;
  for (std::size_t i = 0; i < a.size(); ++i) all += sum(a[i] * b[i]).item();
  return all;
}

std::vector<Variable> trained(const nn::Layer& model) {
  std::vector<Variable> all;
  for (const Parameter& parameter : model.parameters())
    if (parameter.variable.requires_grad()) all.push_back(parameter.variable);
  return all;
}

// Of the Hessian, by the power iteration; `times` gives the Hessian times a direction.
template <class Times>
double largest_eigenvalue(Tensors v, const Times& times) {
  double eigenvalue = 0;
  for (int i = 0; i < iterations; ++i) {
    Tensors product = times(v);
    eigenvalue = dot(v, product) / dot(v, v);
    const double length = std::sqrt(dot(product, product));
    if (!(length > 0)) return eigenvalue;
    for (Tensor& each : product) each = each / length;
    v = std::move(product);
  }
  return std::abs(eigenvalue);
}

// Weights that are elsewhere for a while.
class Away {
 public:
  Away(const std::vector<Variable>& w, const Tensors& v, double distance) {
    for (std::size_t i = 0; i < w.size(); ++i) {
      places_.push_back(w[i].value());
      before_.push_back(w[i].value().clone());
      places_[i].copy_from(before_[i] + v[i] * distance);
    }
  }
  ~Away() {
    for (std::size_t i = 0; i < places_.size(); ++i) places_[i].copy_from(before_[i]);
  }
  Away(const Away&) = delete;
  Away& operator=(const Away&) = delete;

 private:
  Tensors places_, before_;
};

// H v = (g(w + h v) - g(w - h v)) / 2h, where h v is a thousandth of the weights: less is lost to the
// rounding of g, more to its curvature.
template <class GradientOf>
Tensors difference_of_gradients(const std::vector<Variable>& w, const Tensors& v,
                                const GradientOf& gradient) {
  double squares = 0;
  for (const Variable& each : w) squares += sum(each.value() * each.value()).item();
  const double h = 1e-3 * std::sqrt((squares > 0 ? squares : 1) / dot(v, v));
  const auto at = [&](double distance) {
    const Away away(w, v, distance);
    return gradient();
  };
  Tensors ahead = at(h);
  const Tensors behind = at(-h);
  for (std::size_t i = 0; i < ahead.size(); ++i) ahead[i] = (ahead[i] - behind[i]) / (2 * h);
  return ahead;
}

class Looking : public Observer {
 public:
  Looking(const Task& task, const Training& training, std::int64_t points, std::uint64_t seed)
      : task_(task),
        steps_(training.steps),
        points_(std::min(points, training.steps)),
        seed_(seed) {}

  void before_step(std::int64_t step, nn::Layer& model) override {
    if (!is_due(step) && !is_due(step + 1)) return;
    before_.clear();
    for (const Variable& each : trained(model)) before_.push_back(each.value().clone());
    gradient_ = optim::grad_norm(model.parameters());
  }

  void after_step(std::int64_t step, nn::Layer& model) override {
    if (!is_due(step) && !is_due(step + 1)) return;
    Tensors update;
    const std::vector<Variable> now = trained(model);
    for (std::size_t i = 0; i < now.size(); ++i) update.push_back(now[i].value() - before_[i]);
    const double length = std::sqrt(dot(update, update));
    if (is_due(step)) {
      Insight insight;
      insight.step = step;
      insight.gradient = gradient_;
      insight.update = length;
      insight.cosine = last_.empty() ? std::numeric_limits<double>::quiet_NaN()
                                     : dot(update, last_) / (length * std::sqrt(dot(last_, last_)));
      look(model, insight);
      found_.push_back(insight);
    }
    last_ = is_due(step + 1) ? update : Tensors();
  }

  std::vector<Insight> found() { return std::move(found_); }

 private:
  // The second step is the first that has one before.
  bool is_due(std::int64_t step) const {
    if (step == 2) return true;
    return step > 2 && step * points_ / steps_ > (step - 1) * points_ / steps_;
  }

  void look(nn::Layer& model, Insight& insight) {
    const nn::EvalMode evaluating(model);
    Tensors gradients;  // measure_noise leaves none
    const Parameters parameters = model.parameters();
    for (const Parameter& parameter : parameters) gradients.push_back(parameter.variable.grad());
    NoiseOptions noise;
    noise.parts = parts;
    noise.repeats = repeats;
    noise.seed = seed_;
    insight.noise = measure_noise(task_, model, noise).samples();
    insight.sharpness = measure_sharpness(task_, model, seed_);
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      Variable handle = parameters[i].variable;
      if (gradients[i].defined()) handle.set_grad(gradients[i]);
    }
  }

  const Task& task_;
  std::int64_t steps_, points_;
  std::uint64_t seed_;
  Tensors before_, last_;
  double gradient_ = 0;
  std::vector<Insight> found_;
};

}  // namespace

double measure_sharpness(const Task& task, nn::Layer& model, std::uint64_t seed) {
  Generator random(seed, Stream::augmentation);
  std::vector<std::int64_t> indices(
      static_cast<std::size_t>(std::min(samples, task.train->size())));
  for (std::int64_t& index : indices) index = random.below(task.train->size());
  const data::Batch batch = task.train->gather(indices);
  const std::vector<Variable> w = trained(model);
  Tensors start;
  for (const Variable& each : w) {
    start.push_back(Tensor::empty(each.shape(), each.dtype()));
    random.fill_normal(start.back());
  }
  const auto loss = [&] { return task.loss(model(batch.x, batch.lengths), batch); };
  try {
    const std::vector<Variable> g = grad({loss()}, w, {}, create_graph);
    return largest_eigenvalue(start, [&](const Tensors& v) { return grad(g, w, v, retain_graph); });
  } catch (const Error&) {  // an operation that cannot be differentiated again, as it says
    return largest_eigenvalue(start, [&](const Tensors& v) {
      return difference_of_gradients(w, v, [&] { return grad({loss()}, w); });
    });
  }
}

std::vector<Insight> look_inside(const Task& task, const OptimizerSpec& optimizer,
                                 const RunKey& key, const Training& training, std::int64_t points,
                                 const std::function<bool()>& go_on) {
  Looking looking(task, training, points, key.seed);
  train(task, optimizer, key, training, go_on, {}, &looking);
  return looking.found();
}

double work_of_looking(const Task& task, const Training& training, std::int64_t points) {
  const double look = parts * repeats * (64 + 10) + 3 * iterations * (samples + 10);
  return work_of(task, training, Stage::tuning) + static_cast<double>(points) * look;
}

std::string insights_csv(const std::vector<Insight>& insights) {
  std::string out = "step,gradient,update,cosine,noise_scale,sharpness\n";
  for (const Insight& i : insights)
    out += errors::text(i.step, ",", i.gradient, ",", i.update, ",", i.cosine, ",", i.noise, ",",
                        i.sharpness, "\n");
  return out;
}

std::vector<Insight> insights_from(const std::string& csv) {
  const data::Csv table = data::parse_csv(csv);
  std::vector<Insight> all;
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    const auto number = [&](const char* column) {
      return cell_number("insights_from", table, row, column);
    };
    all.push_back({static_cast<std::int64_t>(number("step")), number("gradient"), number("update"),
                   number("cosine"), number("noise_scale"), number("sharpness")});
  }
  return all;
}

}  // namespace comparison
