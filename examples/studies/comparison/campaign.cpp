#include "campaign.hpp"

#include <algorithm>
#include <plumb/core.hpp>

#include "run_folder.hpp"

namespace comparison {
namespace {

using namespace plumb;

// Where tuning seeds begin: beyond all evaluation seeds.
constexpr std::int64_t tuning_seed_offset = 1'000'000'000;

// The runs of a stage are counted within it.
struct Job {
  RunKey key;
  std::int64_t trial = 0;
};

std::string name_of(const Job& job) {
  std::string name = errors::text(to_string(job.key.stage), "-", std::uint64_t{job.key.optimizer},
                                  "-", job.key.study);
  if (job.key.stage == Stage::tuning) name += errors::text("-", job.trial);
  return errors::text(name, "-", job.key.seed);
}

struct Work {
  std::int64_t runs = 0;
  double amount = 0;
};

Work work_of_all(const Task& task, const Plan& plan) {
  Work all;
  const auto add = [&](std::int64_t runs, Stage stage) {
    all.runs += runs;
    all.amount += static_cast<double>(runs) * work_of(task, plan.training, stage);
  };
  for (const OptimizerSpec& optimizer : plan.optimizers) {
    if (optimizer.searched()) add(plan.studies * plan.trials * plan.tuning_seeds, Stage::tuning);
    add(plan.studies_of(optimizer) * plan.seeds, Stage::evaluation);
    if (plan.looks == 0) continue;
    ++all.runs;
    all.amount += work_of_looking(task, plan.training, plan.looks);
  }
  return all;
}

class Campaign {
 public:
  Campaign(const Task& task, const Plan& plan, const std::string& folder, const Work& work,
           const StopRequest& stop)
      : task_(task),
        plan_(plan),
        progress_(work.runs, work.amount),
        folder_(folder, progress_, stop) {}

  Results run() {
    for (const OptimizerSpec& optimizer : plan_.optimizers) {
      results_.outcomes.emplace_back();
      results_.outcomes.back().studies.resize(
          static_cast<std::size_t>(plan_.studies_of(optimizer)));
    }
    tune();
    evaluate();
    check_starts();
    for (std::size_t i = 0; i < plan_.optimizers.size(); ++i)
      results_.outcomes[i].state_bytes = state_bytes(
          task_, plan_.optimizers[i], results_.outcomes[i].studies.front().configuration);
    look();
    return std::move(results_);
  }

 private:
  // The results of the jobs, in their order, appended to those that there are.
  const FinishedRun* run_all(const std::vector<Job>& jobs) {
    const std::size_t first = results_.runs.size();
    results_.runs.resize(first + jobs.size());
    parallel_for(static_cast<std::int64_t>(jobs.size()), 1, [&](std::int64_t i, std::int64_t) {
      const auto at = static_cast<std::size_t>(i);
      const RunKey& key = jobs[at].key;
      results_.runs[first + at] = {
          key, folder_.find_or_train(name_of(jobs[at]), task_, plan_.optimizers[key.optimizer], key,
                                     plan_.training)};
    });
    return results_.runs.data() + first;
  }

  // Calls f(index of the optimizer, its study, the number of that).
  template <class F>
  void for_studies(F f) {
    for (std::size_t i = 0; i < plan_.optimizers.size(); ++i)
      for (std::size_t study = 0; study < results_.outcomes[i].studies.size(); ++study)
        f(i, results_.outcomes[i].studies[study], static_cast<std::int64_t>(study));
  }

  void tune() {
    std::vector<Job> jobs;
    for_studies([&](std::size_t i, Study& study, std::int64_t number) {
      const std::vector<Configuration> tried =
          trial_configurations(plan_.optimizers[i], plan_, number);
      study.configuration = tried.front();
      if (!plan_.optimizers[i].searched()) return;
      for (const Configuration& configuration : tried) {
        const auto trial = static_cast<std::int64_t>(study.trials.size());
        study.trials.push_back({configuration});
        for (std::int64_t seed = 0; seed < plan_.tuning_seeds; ++seed)
          jobs.push_back(
              {{Stage::tuning, i, configuration, tuning_seed(number, seed), number}, trial});
      }
    });
    const FinishedRun* run = run_all(jobs);
    for_studies([&](std::size_t, Study& study, std::int64_t) {
      for (Trial& trial : study.trials)
        for (std::int64_t seed = 0; seed < plan_.tuning_seeds; ++seed, ++run) {
          trial.metric += run->result.last().metric / static_cast<double>(plan_.tuning_seeds);
          trial.loss += run->result.last().loss / static_cast<double>(plan_.tuning_seeds);
          trial.diverged += run->result.diverged ? 1 : 0;
        }
      if (!study.trials.empty()) choose(study);
    });
  }

  std::uint64_t tuning_seed(std::int64_t study, std::int64_t seed) const {
    return static_cast<std::uint64_t>(tuning_seed_offset + plan_.first_seed +
                                      study * plan_.tuning_seeds + seed);
  }

  static void choose(Study& study) {
    const Trial* best = &study.trials.front();
    for (const Trial& trial : study.trials)
      if (std::pair(trial.metric, trial.loss) < std::pair(best->metric, best->loss)) best = &trial;
    study.configuration = best->configuration;
    std::vector<double> lrs;
    for (const Trial& trial : study.trials) lrs.push_back(trial.configuration.lr);
    std::sort(lrs.begin(), lrs.end());
    if (lrs.front() == lrs.back()) return;
    const auto at = std::lower_bound(lrs.begin(), lrs.end(), best->configuration.lr);
    study.at_edge = at == lrs.begin() || at + 1 == lrs.end();
    if (at != lrs.begin()) study.gap = std::max(study.gap, *at / *(at - 1));
    if (at + 1 != lrs.end()) study.gap = std::max(study.gap, *(at + 1) / *at);
  }

  void evaluate() {
    std::vector<Job> jobs;
    for_studies([&](std::size_t i, Study& study, std::int64_t number) {
      for (std::int64_t seed = 0; seed < plan_.seeds; ++seed)
        jobs.push_back({{Stage::evaluation, i, study.configuration,
                         static_cast<std::uint64_t>(plan_.first_seed + seed), number}});
    });
    const FinishedRun* run = run_all(jobs);
    for_studies([&](std::size_t, Study& study, std::int64_t) {
      for (std::int64_t seed = 0; seed < plan_.seeds; ++seed, ++run)
        study.runs.push_back(run->result);
    });
  }

  void look() {
    const auto count = static_cast<std::int64_t>(plan_.optimizers.size());
    results_.insights.resize(plan_.optimizers.size());
    if (plan_.looks == 0) return;
    parallel_for(count, 1, [&](std::int64_t i, std::int64_t) {
      const auto at = static_cast<std::size_t>(i);
      const RunKey key{Stage::tuning, at, results_.outcomes[at].studies.front().configuration,
                       static_cast<std::uint64_t>(plan_.first_seed)};
      results_.insights[at] =
          folder_.find_or_look(errors::text("inside-", i), task_, plan_.optimizers[at], key,
                               plan_.training, plan_.looks);
    });
  }

  // Pairs are pairs only if they start alike.
  void check_starts() const {
    const std::vector<RunResult>& first = results_.outcomes.front().studies.front().runs;
    for (const Outcome& outcome : results_.outcomes)
      for (const Study& study : outcome.studies)
        for (std::size_t seed = 0; seed < study.runs.size(); ++seed)
          if (study.runs[seed].first_loss != first[seed].first_loss)
            errors::fail("compare", "seed ", plan_.first_seed + static_cast<std::int64_t>(seed),
                         " begins with loss ", first[seed].first_loss,
                         " for the first optimizer and ", study.runs[seed].first_loss,
                         " for another");
  }

  const Task& task_;
  const Plan& plan_;
  PlanProgress progress_;
  RunFolder folder_;
  Results results_;
};

}  // namespace

std::vector<const RunResult*> Outcome::runs() const {
  std::vector<const RunResult*> all;
  for (const Study& study : studies)
    for (const RunResult& run : study.runs) all.push_back(&run);
  return all;
}

std::vector<Configuration> trial_configurations(const OptimizerSpec& optimizer, const Plan& plan,
                                                std::int64_t study) {
  Generator seeds(static_cast<std::uint64_t>(plan.first_seed), Stream::split);
  std::uint64_t seed = seeds.next();
  for (std::int64_t i = 0; i < study; ++i) seed = seeds.next();
  Generator random(seed, Stream::split);
  return optimizer.trials(plan.trials, random);
}

void check_optimizers(const Task& task, const Plan& plan) {
  Generator random(0);
  const std::shared_ptr<nn::Layer> model = task.make_model(random);
  for (const OptimizerSpec& optimizer : plan.optimizers)
    optimizer.make(*model, trial_configurations(optimizer, plan, 0).front());
}

std::int64_t state_bytes(const Task& task, const OptimizerSpec& optimizer,
                         const Configuration& configuration) {
  Generator random(0);
  const std::shared_ptr<nn::Layer> model = task.make_model(random);
  const auto made = optimizer.make(*model, configuration);
  const data::Batch batch =
      task.train->gather({0, std::min<std::int64_t>(1, task.train->size() - 1)});
  made->set_lr(0);                        // it may be one that diverges
  for (int step = 0; step < 2; ++step) {  // SOAP's moments begin in the second
    made->zero_grad();
    task.loss((*model)(batch.x, batch.lengths), batch).backward();
    made->step();
  }
  std::int64_t bytes = 0;
  for (const optim::Optimizer::Group& group : made->groups())
    for (const optim::ParameterState& state : group.states)
      for (const Tensor& tensor : state.tensors)
        if (tensor.defined()) bytes += static_cast<std::int64_t>(tensor.bytes());
  return bytes;
}

Results run_plan(const Task& task, const Plan& plan, const std::string& folder,
                 const StopRequest& stop) {
  return Campaign(task, plan, folder, work_of_all(task, plan), stop).run();
}

}  // namespace comparison
