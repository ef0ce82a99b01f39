#include "campaign.hpp"

#include <unistd.h>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <mutex>
#include <optional>
#include <plumb/core.hpp>

#include "../support/files.hpp"

namespace comparison {
namespace {

using namespace plumb;

// Where tuning seeds begin: beyond all evaluation seeds.
constexpr std::uint64_t tuning_seed_offset = 1'000'000'000;

// One line for the whole plan, redrawn on a terminal, silent elsewhere.
class PlanProgress {
 public:
  explicit PlanProgress(std::size_t runs) : runs_(runs), terminal_(isatty(STDOUT_FILENO) == 1) {}
  ~PlanProgress() {
    if (shown_) std::fputs("\r\033[K", stdout);
  }

  enum class Source : std::uint8_t { trained, found };
  void finished(Source source) {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++done_;
    if (source == Source::trained) ++trained_;
    if (!terminal_) return;
    shown_ = true;
    constexpr std::size_t width = 30;
    const std::size_t filled = width * done_ / runs_;
    std::printf("\r\033[K[%s>%s] %zu/%zu runs", std::string(filled, '=').c_str(),
                std::string(width - filled, ' ').c_str(), done_, runs_);
    if (trained_ > 0) {
      const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
      const auto left = static_cast<int>(seconds / static_cast<double>(trained_) *
                                         static_cast<double>(runs_ - done_));
      std::printf("  ETA %d:%02d", left / 60, left % 60);
    }
    std::fflush(stdout);
  }

 private:
  using Clock = std::chrono::steady_clock;
  std::size_t runs_, done_ = 0, trained_ = 0;
  bool terminal_, shown_ = false;
  Clock::time_point start_ = Clock::now();
  std::mutex mutex_;
};

std::string path_of(const std::string& folder, const RunKey& key) {
  return text(folder, "/runs/", to_string(key.phase), "-",
              static_cast<std::uint64_t>(key.optimizer), "-", key.lr, "-", key.seed, ".txt");
}

class Campaign {
 public:
  Campaign(const Task& task, const Plan& plan, const std::string& folder, const StopRequest& stop)
      : task_(task), plan_(plan), folder_(folder), stop_(stop), progress_(count_runs()) {
    make_folder(folder + "/runs");
  }

  Results run() {
    results_.outcomes.resize(plan_.optimizers.size());
    tune();
    evaluate();
    check_starts();
    return std::move(results_);
  }

 private:
  std::size_t count_runs() const {
    std::size_t runs = 0;
    for (const OptimizerSpec& optimizer : plan_.optimizers) {
      if (optimizer.searched()) runs += static_cast<std::size_t>(plan_.trials * plan_.tuning_seeds);
      runs += static_cast<std::size_t>(plan_.seeds);
    }
    return runs;
  }

  RunResult find_or_train(const RunKey& key) {
    const std::string path = path_of(folder_, key);
    if (std::filesystem::exists(path)) {
      RunResult result = result_from(read_file(path));
      progress_.finished(PlanProgress::Source::found);
      return result;
    }
    RunResult result = train(task_, plan_.optimizers[key.optimizer], key, plan_.training,
                             [&] { return !stop_.requested(); });
    write_file(path, to_text(result));
    progress_.finished(PlanProgress::Source::trained);
    return result;
  }

  // The results of the keys, in their order, appended to those that there are.
  const FinishedRun* run_all(const std::vector<RunKey>& keys) {
    const std::size_t first = results_.runs.size();
    results_.runs.resize(first + keys.size());
    parallel_for(static_cast<std::int64_t>(keys.size()), 1, [&](std::int64_t i, std::int64_t) {
      const auto at = static_cast<std::size_t>(i);
      results_.runs[first + at] = {keys[at], find_or_train(keys[at])};
    });
    return results_.runs.data() + first;
  }

  void tune() {
    std::vector<RunKey> keys;
    for (std::size_t i = 0; i < plan_.optimizers.size(); ++i) {
      if (!plan_.optimizers[i].searched()) continue;
      for (const double lr : trial_lrs(plan_.optimizers[i], plan_))
        for (std::int64_t seed = 0; seed < plan_.tuning_seeds; ++seed)
          keys.push_back(
              {Stage::tuning, i, lr,
               tuning_seed_offset + static_cast<std::uint64_t>(plan_.first_seed + seed)});
    }
    const FinishedRun* run = run_all(keys);
    for (std::size_t i = 0; i < plan_.optimizers.size(); ++i) {
      Outcome& outcome = results_.outcomes[i];
      outcome.lr = plan_.optimizers[i].lr_low();
      if (!plan_.optimizers[i].searched()) continue;
      for (const double lr : trial_lrs(plan_.optimizers[i], plan_)) {
        Trial trial{lr};
        for (std::int64_t seed = 0; seed < plan_.tuning_seeds; ++seed, ++run) {
          trial.metric += run->result.last().metric / static_cast<double>(plan_.tuning_seeds);
          trial.loss += run->result.last().loss / static_cast<double>(plan_.tuning_seeds);
          trial.diverged += run->result.diverged ? 1 : 0;
        }
        outcome.trials.push_back(trial);
      }
      choose(outcome);
    }
  }

  static void choose(Outcome& outcome) {
    const Trial* best = &outcome.trials.front();
    for (const Trial& trial : outcome.trials)
      if (std::pair(trial.metric, trial.loss) < std::pair(best->metric, best->loss)) best = &trial;
    outcome.lr = best->lr;
    outcome.at_edge = best == &outcome.trials.front() || best == &outcome.trials.back();
  }

  void evaluate() {
    std::vector<RunKey> keys;
    for (std::size_t i = 0; i < plan_.optimizers.size(); ++i)
      for (std::int64_t seed = 0; seed < plan_.seeds; ++seed)
        keys.push_back({Stage::evaluation, i, results_.outcomes[i].lr,
                        static_cast<std::uint64_t>(plan_.first_seed + seed)});
    const FinishedRun* run = run_all(keys);
    for (Outcome& outcome : results_.outcomes)
      for (std::int64_t seed = 0; seed < plan_.seeds; ++seed, ++run)
        outcome.runs.push_back(run->result);
  }

  // Pairs are pairs only if they start alike.
  void check_starts() const {
    for (const Outcome& outcome : results_.outcomes)
      for (std::size_t seed = 0; seed < outcome.runs.size(); ++seed)
        if (outcome.runs[seed].first_loss != results_.outcomes.front().runs[seed].first_loss)
          fail("compare", "seed ", plan_.first_seed + static_cast<std::int64_t>(seed),
               " begins with loss ", results_.outcomes.front().runs[seed].first_loss,
               " for the first optimizer and ", outcome.runs[seed].first_loss, " for another");
  }

  const Task& task_;
  const Plan& plan_;
  const std::string& folder_;
  const StopRequest& stop_;
  PlanProgress progress_;
  Results results_;
};

}  // namespace

std::vector<double> trial_lrs(const OptimizerSpec& optimizer, const Plan& plan) {
  if (!optimizer.searched()) return {optimizer.lr_low()};
  Generator random(static_cast<std::uint64_t>(plan.first_seed), Stream::split);
  const double decades = std::log10(optimizer.lr_high() / optimizer.lr_low());
  std::vector<double> all;
  for (std::int64_t i = 0; i < plan.trials; ++i) {
    const double place =
        (static_cast<double>(i) + random.uniform()) / static_cast<double>(plan.trials);
    char rounded[32];
    std::snprintf(rounded, sizeof rounded, "%.2e",
                  optimizer.lr_low() * std::pow(10, decades * place));
    all.push_back(std::strtod(rounded, nullptr));
  }
  return all;
}

Results run_plan(const Task& task, const Plan& plan, const std::string& folder,
                 const StopRequest& stop) {
  return Campaign(task, plan, folder, stop).run();
}

}  // namespace comparison
