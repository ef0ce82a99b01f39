#include "campaign.hpp"

#include <cmath>
#include <plumb/core.hpp>

#include "../../support/format.hpp"
#include "run_folder.hpp"

namespace comparison {
namespace {

using namespace plumb;

// Where tuning seeds begin: beyond all evaluation seeds.
constexpr std::uint64_t tuning_seed_offset = 1'000'000'000;

std::string name_of(const RunKey& key) {
  return errors::text(to_string(key.stage), "-", static_cast<std::uint64_t>(key.optimizer), "-",
                      key.lr, "-", key.seed);
}

std::int64_t count_runs(const Plan& plan) {
  std::int64_t runs = 0;
  for (const OptimizerSpec& optimizer : plan.optimizers)
    runs += (optimizer.searched() ? plan.trials * plan.tuning_seeds : 0) + plan.seeds;
  return runs;
}

class Campaign {
 public:
  Campaign(const Task& task, const Plan& plan, const std::string& folder, const StopRequest& stop)
      : task_(task),
        plan_(plan),
        folder_(folder, count_runs(plan),
                static_cast<double>(count_runs(plan)) * plan.training.work(), stop) {}

  Results run() {
    results_.outcomes.resize(plan_.optimizers.size());
    tune();
    evaluate();
    check_starts();
    return std::move(results_);
  }

 private:
  // The results of the keys, in their order, appended to those that there are.
  const FinishedRun* run_all(const std::vector<RunKey>& keys) {
    const std::size_t first = results_.runs.size();
    results_.runs.resize(first + keys.size());
    parallel_for(static_cast<std::int64_t>(keys.size()), 1, [&](std::int64_t i, std::int64_t) {
      const auto at = static_cast<std::size_t>(i);
      results_.runs[first + at] = {
          keys[at],
          folder_.find_or_train(name_of(keys[at]), task_, plan_.optimizers[keys[at].optimizer],
                                keys[at], plan_.training)};
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
          errors::fail("compare", "seed ", plan_.first_seed + static_cast<std::int64_t>(seed),
                       " begins with loss ", results_.outcomes.front().runs[seed].first_loss,
                       " for the first optimizer and ", outcome.runs[seed].first_loss,
                       " for another");
  }

  const Task& task_;
  const Plan& plan_;
  RunFolder folder_;
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
    const double lr = optimizer.lr_low() * std::pow(10, decades * place);
    all.push_back(std::strtod(format("%.2e", lr).c_str(), nullptr));
  }
  return all;
}

Results run_plan(const Task& task, const Plan& plan, const std::string& folder,
                 const StopRequest& stop) {
  return Campaign(task, plan, folder, stop).run();
}

}  // namespace comparison
