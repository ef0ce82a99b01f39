#include "run_folder.hpp"

#include <cstdio>
#include <filesystem>

#include "../../support/files.hpp"

namespace comparison {

RunFolder::RunFolder(const std::string& folder, std::int64_t runs, double work,
                     const plumb::StopRequest& stop)
    : folder_(folder + "/runs"), stop_(stop), progress_(runs, work) {
  make_folder(folder_);
}

RunResult RunFolder::find_or_train(const std::string& name, const Task& task,
                                   const OptimizerSpec& optimizer, const RunKey& key,
                                   const Training& training) {
  const std::string path = folder_ + "/" + name + ".txt";
  if (std::filesystem::exists(path)) {
    RunResult result = result_from(read_file(path));
    progress_.finished(training.work(), PlanProgress::Source::found);
    return result;
  }
  const std::string unfinished = folder_ + "/" + name + ".safetensors";
  RunResult result = train(
      task, optimizer, key, training, [&] { return !stop_.requested(); }, unfinished);
  write_file(path, to_text(result));
  std::remove(unfinished.c_str());
  progress_.finished(training.work(), PlanProgress::Source::trained);
  return result;
}

}  // namespace comparison
