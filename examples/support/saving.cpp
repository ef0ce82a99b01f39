#include "saving.hpp"

#include <cstdio>

#include "arguments.hpp"

using plumb::Checkpoint;

void add_options(arguments::App& app, SavingOptions& options) {
  const arguments::Option save =
      app.add_option("--save", options.folder,
                     "folder for checkpoints: after every epoch, the best, and when "
                     "SIGINT (Ctrl-C) or SIGTERM ends the run")
          .not_empty();
  app.add_option("--save-every", options.every, "steps between checkpoints too; 0: none")
      .whole_number(0, INT64_MAX)
      .needs(save);
  app.add_option("--keep", options.keep, "checkpoints to keep besides the best")
      .whole_number(1, 1'000'000)
      .needs(save);
  app.add_flag("--resume", options.resume, "go on where the newest checkpoint in --save stopped")
      .needs(save);
}

Saving::Saving(const SavingOptions& options, bool writes) : options_(options) {
  if (writes && !options.folder.empty()) folder_.emplace(options.folder, options.keep);
}

void Saving::begin(Checkpoint& checkpoint) const {
  if (!folder_) return;
  if (options_.resume) {
    const std::string path = folder_->load_newest(checkpoint);
    std::puts(path.empty() ? "nothing to resume yet" : ("resumed from " + path).c_str());
  } else if (!folder_->files().empty()) {
    throw plumb::Error(folder_->path() + " holds checkpoints; --resume goes on with them");
  }
}

bool Saving::due(std::int64_t step) const {
  return !options_.folder.empty() && options_.every > 0 && step % options_.every == 0;
}

void Saving::save(const Checkpoint& checkpoint, std::int64_t step) const {
  if (folder_) folder_->save(checkpoint, step);
}

void Saving::save_best(const Checkpoint& checkpoint) const {
  if (folder_) folder_->save_best(checkpoint);
}
