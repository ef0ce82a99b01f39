#include "run.hpp"

#include <time.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <limits>
#include <optional>
#include <plumb/core.hpp>
#include <plumb/optim/refused_gradient.hpp>
#include <sstream>

#include "../../support/training.hpp"
#include "batch_statistics.hpp"

namespace comparison {
namespace {

using namespace plumb;

// Of this thread alone: runs side by side, and other programs, do not slow it down much.
double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// A run under way.
class Run {
 public:
  Run(const Task& task, const OptimizerSpec& optimizer, const RunKey& key, const Training& training,
      const std::string& path, Observer* observer)
      : task_(task),
        training_(training),
        path_(path),
        observer_(observer),
        evaluates_(key.stage == Stage::evaluation) {
    Generator random(key.seed, Stream::init);
    model_ = task.make_model(random);
    optimizer_ = optimizer.make(*model_, key.configuration);
    Course course = optimizer.course(key.configuration);
    if (training.warm_up > 0)
      course.warm_up = static_cast<double>(training.warm_up) / static_cast<double>(training.steps);
    if (!course.is_constant()) schedule_.emplace(*optimizer_, course.curve(training.steps));
    data::LoaderOptions options;
    options.batch_size = training.micro_batch > 0 ? training.micro_batch : training.batch_size;
    options.shuffle = true;
    options.seed = key.seed;
    loader_.emplace(task.train, options);
  }

  RunResult train(const std::function<bool()>& go_on) {
    add_point();
    go_on_from_checkpoint();
    while (step_ < training_.steps && !result_.diverged) {
      const std::int64_t all = task_.train->size();
      std::int64_t left = all - samples_ % all;  // of the epoch
      for (const data::Batch& part : *loader_) {
        gather(part, std::min(training_.batch_size, left));
        if (gathered_ < std::min(training_.batch_size, left)) continue;
        left -= gathered_;
        take_step();
        if (step_ == training_.steps || result_.diverged) break;
        if (is_due(step_)) add_point();
        keep(go_on());
      }
    }
    finish();
    return std::move(result_);
  }

 private:
  Checkpoint checkpoint() {
    Checkpoint all;
    all.add("model", *model_);
    all.add("optimizer", *optimizer_);
    if (schedule_) all.add("schedule", *schedule_);
    all.add("loader", *loader_);
    all.add("recent_loss", recent_loss_);
    all.track("step", step_);
    all.track("samples", samples_);
    all.track("since_point", since_point_);
    all.track("losses", losses_);
    all.track("seconds", seconds_);
    all.track("result", result_text_);
    return all;
  }

  void go_on_from_checkpoint() {
    if (path_.empty() || !std::filesystem::exists(path_)) return;
    checkpoint().load(path_);
    result_ = result_from(result_text_);
  }

  void keep(bool going_on) {
    constexpr std::chrono::minutes often{1};
    if (going_on && Clock::now() - kept_ < often) return;
    if (!path_.empty()) {
      result_text_ = to_text(result_);
      checkpoint().save(path_);
      kept_ = Clock::now();
    }
    if (!going_on) throw Stopped();
  }

  // Whether a point falls between this step and the one before.
  bool is_due(std::int64_t step) const {
    const std::int64_t points = evaluates_ ? training_.evaluations : 1;
    return step * points / training_.steps > (step - 1) * points / training_.steps;
  }

  // Adds the gradients of a part of a batch of `whole` samples to those of its other parts.
  void gather(const data::Batch& part, std::int64_t whole) {
    const double start = processor_seconds();
    if (gathered_ == 0) optimizer_->zero_grad();
    const std::int64_t n = part.x.dim(0);
    Variable loss = task_.loss((*model_)(part.x, part.lengths), part);
    if (n < whole) loss = loss * (static_cast<double>(n) / static_cast<double>(whole));
    loss.backward();
    loss_ += loss.item();
    gathered_ += n;
    seconds_ += processor_seconds() - start;
  }

  void take_step() {
    const double start = processor_seconds();
    if (step_ == 0) result_.first_loss = loss_;
    recent_loss_.add(loss_);
    result_.diverged = !(recent_loss_.value() <= 10 * result_.first_loss);
    if (!result_.diverged) {
      if (observer_ != nullptr) observer_->before_step(step_ + 1, *model_);
      result_.diverged = !step();
    }
    if (!result_.diverged) {
      if (observer_ != nullptr) observer_->after_step(step_ + 1, *model_);
      if (schedule_) schedule_->step();
      losses_ += loss_;
      ++since_point_;
      samples_ += gathered_;
      ++step_;
    }
    loss_ = 0;
    gathered_ = 0;
    seconds_ += processor_seconds() - start;
  }

  // Whether the step was taken. A rule may refuse gradients that another would ruin the weights with.
  bool step() {
    try {
      optimizer_->step();
      return true;
    } catch (const optim::RefusedGradient&) {
      return false;
    }
  }

  // Of the weights that the rule is judged by.
  Score judge(const Task::Data& samples) {
    const std::uint64_t trained = parameter_hash(*model_);
    optimizer_->swap_in();
    Score result;
    if (model_->buffers().empty() || parameter_hash(*model_) == trained) {
      result = task_.evaluate(*model_, samples);
    } else {
      const BatchStatistics anew(*model_, task_);
      result = task_.evaluate(*model_, samples);
    }
    optimizer_->swap_out();
    return result;
  }

  void add_point() {
    Point point;
    point.step = step_;
    point.samples = samples_;
    point.train_loss = since_point_ == 0 ? std::numeric_limits<double>::quiet_NaN()
                                         : losses_ / static_cast<double>(since_point_);
    point.validation = judge(task_.validation);
    point.seconds = seconds_;
    losses_ = 0;
    since_point_ = 0;
    result_.points.push_back(point);
  }

  void finish() {
    if (auto* sgd = dynamic_cast<optim::SGD*>(optimizer_.get())) {
      result_.touched = sgd->release_count().fraction();
      if (!result_.diverged && sgd->options(0).accumulate_below > 0) sgd->flush();
    }
    if (!result_.diverged) {
      add_point();
      // The last step may have ruined what the loss before it did not show yet.
      result_.diverged =
          !(result_.points.back().validation.loss <= 10 * result_.points.front().validation.loss);
    }
    if (evaluates_) {
      if (result_.diverged) load_start();
      result_.test = judge(task_.test);
    }
    result_.parameter_hash = parameter_hash(*model_);
  }

  // What diverged counts as the untrained model.
  void load_start() {
    Generator random(loader_->options().seed, Stream::init);
    model_ = task_.make_model(random);
  }

  using Clock = std::chrono::steady_clock;

  const Task& task_;
  const Training& training_;
  const std::string& path_;  // of the checkpoint; empty: none
  Observer* observer_;
  bool evaluates_;
  std::shared_ptr<nn::Layer> model_;
  std::unique_ptr<optim::Optimizer> optimizer_;
  std::optional<optim::Schedule> schedule_;
  std::optional<data::DataLoader> loader_;
  std::int64_t step_ = 0, samples_ = 0, since_point_ = 0;
  std::int64_t gathered_ = 0;  // samples of the batch under way, and their share of its loss
  double loss_ = 0;
  double losses_ = 0, seconds_ = 0;
  // One sample that is far off is no divergence, which matters where it is the whole batch.
  optim::MovingAverage recent_loss_ = optim::MovingAverage::debiased(0.9);
  RunResult result_;
  std::string result_text_;  // as it stands in the checkpoint
  Clock::time_point kept_ = Clock::now();
};

// strtod, as streams read no "nan" or "inf".
double read_number(std::istream& from) {
  std::string word;
  from >> word;
  char* end = nullptr;
  const double value = std::strtod(word.c_str(), &end);
  if (word.empty() || *end != '\0') from.setstate(std::ios::failbit);
  return value;
}

}  // namespace

double work_of(const Task& task, const Training& training, Stage stage) {
  const bool evaluates = stage == Stage::evaluation;
  const auto validations = static_cast<double>(evaluates ? training.evaluations + 1 : 2);
  return static_cast<double>(training.steps) * static_cast<double>(training.batch_size + 10) +
         (validations * static_cast<double>(task.validation->size()) +
          static_cast<double>(evaluates ? task.test->size() : 0)) /
             3;
}

std::string to_string(Stage stage) { return stage == Stage::tuning ? "tuning" : "evaluation"; }

double RunResult::best() const {
  double least = points.front().validation.metric;
  for (const Point& point : points)
    if (point.validation.metric < least) least = point.validation.metric;
  return least;
}

const Point* RunResult::reached(double target) const {
  for (const Point& point : points)
    if (!diverged && point.validation.metric <= target) return &point;
  return nullptr;
}

RunResult train(const Task& task, const OptimizerSpec& optimizer, const RunKey& key,
                const Training& training, const std::function<bool()>& go_on,
                const std::string& checkpoint, Observer* observer) {
  return Run(task, optimizer, key, training, checkpoint, observer).train(go_on);
}

std::string to_text(const RunResult& result) {
  std::string out =
      errors::text("run ", result.first_loss, " ", result.diverged ? 1 : 0, " ", result.test.loss,
                   " ", result.test.metric, " ", result.touched, " ", result.parameter_hash, " ",
                   static_cast<std::int64_t>(result.points.size()), "\n");
  for (const Point& point : result.points)
    out +=
        errors::text(point.step, " ", point.samples, " ", point.train_loss, " ",
                     point.validation.loss, " ", point.validation.metric, " ", point.seconds, "\n");
  return out + "end\n";
}

RunResult result_from(const std::string& text) {
  std::istringstream from(text);
  RunResult result;
  std::string word;
  std::int64_t count = 0;
  from >> word;
  result.first_loss = read_number(from);
  from >> result.diverged;
  result.test.loss = read_number(from);
  result.test.metric = read_number(from);
  result.touched = read_number(from);
  from >> result.parameter_hash >> count;
  for (std::int64_t i = 0; i < count && from; ++i) {
    Point point;
    from >> point.step >> point.samples;
    point.train_loss = read_number(from);
    point.validation.loss = read_number(from);
    point.validation.metric = read_number(from);
    point.seconds = read_number(from);
    result.points.push_back(point);
  }
  std::string end;
  if (!(from >> end) || word != "run" || end != "end" || result.points.empty())
    errors::fail("result_from", "expected a finished run, got '", text.substr(0, 40), "'");
  return result;
}

}  // namespace comparison
