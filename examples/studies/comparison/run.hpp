// One training run of a comparison, and its result as text that reads back bit for bit.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "optimizer_spec.hpp"
#include "task.hpp"

namespace comparison {

/// What a run is measured for.
enum class Stage : std::uint8_t { tuning, evaluation };
std::string to_string(Stage stage);

/// Which run. With the task, the batch size and the number of steps it decides every bit.
struct RunKey {
  Stage stage = Stage::tuning;
  std::size_t optimizer = 0;
  Configuration configuration = {};
  std::uint64_t seed = 0;  ///< Of initial weights and of shuffling: equal for every optimizer.
  std::int64_t study = 0;  ///< Of tuning, which led to the configuration or is under way.
};

/// How all runs of a comparison train.
struct Training {
  std::int64_t batch_size = 64;
  /// Samples that are in memory at once; batch_size must be a multiple. The gradients of the parts
  /// of a batch are added up, weighted by their samples: the same to rounding. 0: the whole batch.
  std::int64_t micro_batch = 0;
  std::int64_t steps = 0;
  /// Steps over which lr grows linearly to its value; 0: what the optimizer's course says.
  std::int64_t warm_up = 0;
  /// Evenly over an evaluation run; a tuning run has the last only.
  std::int64_t evaluations = 10;
};

/// About proportional to the time of a run: a step takes as long as ten samples more than it has, an
/// evaluation a third of a step with its samples.
double work_of(const Task& task, const Training& training, Stage stage);

/// The state of a run after some steps.
struct Point {
  std::int64_t step = 0, samples = 0;
  double train_loss = 0;  ///< Mean over the steps since the point before.
  Score validation;
  /// Of processor time in training; the one thing that differs from run to run.
  double seconds = 0;
};

struct RunResult {
  double first_loss = 0;  ///< Of the first batch, before the first step.
  /// The loss became NaN, its recent average ten times the first, or the rule refused a gradient.
  bool diverged = false;
  std::vector<Point> points;  ///< From step 0 on; a run that diverged ends with those it reached.
  Score test;                 ///< At the end; of evaluation runs only.
  double touched = 1;         ///< Share of gradient elements that accumulate_below let through.
  std::uint64_t parameter_hash = 0;

  /// The validation score at the end. A run that diverged counts as the untrained model.
  const Score& last() const {
    return diverged ? points.front().validation : points.back().validation;
  }
  /// The least validation metric along the run.
  double best() const;
  /// The first point at which the validation metric is at most `target`; null where there is none
  /// or the run diverged.
  const Point* reached(double target) const;
};

/// What train throws where it was told to stop.
struct Stopped {};

/// Is told of every step of a run, and changes nothing.
class Observer {
 public:
  virtual ~Observer() = default;
  /// The gradients are there, the step is to come. Steps count from 1.
  virtual void before_step(std::int64_t step, plumb::nn::Layer& model) = 0;
  virtual void after_step(std::int64_t step, plumb::nn::Layer& model) = 0;
};

/// Trains on the calling thread. `go_on` is asked after each step; where it says no, throws
/// Stopped. With a path, the run under way is kept there, once a minute and when it is stopped, and
/// a run that is there goes on, bit for bit; it stays there until someone removes it.
RunResult train(const Task& task, const OptimizerSpec& optimizer, const RunKey& key,
                const Training& training, const std::function<bool()>& go_on,
                const std::string& checkpoint = {}, Observer* observer = nullptr);

/// All of a result, as lines of text.
std::string to_text(const RunResult& result);
/// The result again. Throws plumb::Error where the text is none of to_text.
RunResult result_from(const std::string& text);

}  // namespace comparison
