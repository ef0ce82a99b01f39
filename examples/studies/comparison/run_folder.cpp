#include "run_folder.hpp"

#include <cstdio>
#include <filesystem>

#include "../../support/files.hpp"

namespace comparison {

RunFolder::RunFolder(const std::string& folder, PlanProgress& progress,
                     const plumb::StopRequest& stop)
    : folder_(folder + "/runs"), stop_(stop), progress_(progress) {
  make_folder(folder_);
}

RunResult RunFolder::find_or_train(const std::string& name, const Task& task,
                                   const OptimizerSpec& optimizer, const RunKey& key,
                                   const Training& training) {
  const std::string path = folder_ + "/" + name + ".txt";
  if (std::filesystem::exists(path)) {
    RunResult result = result_from(read_file(path));
    progress_.finished(work_of(task, training, key.stage), PlanProgress::Source::found);
    return result;
  }
  const std::string unfinished = folder_ + "/" + name + ".safetensors";
  RunResult result = train(
      task, optimizer, key, training, [&] { return !stop_.requested(); }, unfinished);
  write_file(path, to_text(result));
  std::remove(unfinished.c_str());
  progress_.finished(work_of(task, training, key.stage), PlanProgress::Source::trained);
  return result;
}

std::vector<Insight> RunFolder::find_or_look(const std::string& name, const Task& task,
                                             const OptimizerSpec& optimizer, const RunKey& key,
                                             const Training& training, std::int64_t points) {
  const std::string path = folder_ + "/" + name + ".csv";
  const double work = work_of_looking(task, training, points);
  if (std::filesystem::exists(path)) {
    std::vector<Insight> insights = insights_from(read_file(path));
    progress_.finished(work, PlanProgress::Source::found);
    return insights;
  }
  std::vector<Insight> insights =
      look_inside(task, optimizer, key, training, points, [&] { return !stop_.requested(); });
  write_file(path, insights_csv(insights));
  progress_.finished(work, PlanProgress::Source::trained);
  return insights;
}

}  // namespace comparison
