#include <doctest/doctest.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <plumb/core/io/checkpoint_folder.hpp>

#include "../../support/errors.hpp"
#include "../../support/temporary_folder.hpp"

using namespace plumb;
using test::contains;
using test::error_of;
using Names = std::vector<std::string>;

TEST_CASE("CheckpointFolder: the last few and the best stay, the newest is loaded") {
  const test::TemporaryFolder temporary;
  std::int64_t step = 0;
  Checkpoint checkpoint;
  checkpoint.track("step", step);
  const CheckpointFolder folder(temporary.path(), 2);
  CHECK(folder.load_newest(checkpoint) == "");
  temporary.write("notes.txt", "mine");
  temporary.write("step-5.safetensors", "not of this form");
  for (step = 8; step <= 11; ++step) {
    folder.save(checkpoint, step);
    if (step == 9) folder.save_best(checkpoint);
  }
  CHECK(temporary.names() == Names{"best.safetensors", "notes.txt", "step-000000000010.safetensors",
                                   "step-000000000011.safetensors", "step-5.safetensors"});
  step = 0;
  CHECK(folder.load_newest(checkpoint) == temporary.path() + "/step-000000000011.safetensors");
  CHECK(step == 11);
  checkpoint.load(folder.best());
  CHECK(step == 9);
  checkpoint.load(folder.files()[1]);
  CHECK(step == 10);
}

TEST_CASE("CheckpointFolder: checkpoints of later steps are another run's") {
  const test::TemporaryFolder temporary;
  const CheckpointFolder folder(temporary.path(), 1);
  const Checkpoint checkpoint;
  folder.save(checkpoint, 100);
  folder.save(checkpoint, 1);
  folder.save(checkpoint, 2);
  CHECK(temporary.names() ==
        Names{"step-000000000002.safetensors", "step-000000000100.safetensors"});
}

TEST_CASE("CheckpointFolder: a damaged newest is an error that names the one before") {
  const test::TemporaryFolder temporary;
  const CheckpointFolder folder(temporary.path(), 2);
  Checkpoint checkpoint;
  folder.save(checkpoint, 1);
  folder.save(checkpoint, 2);
  std::filesystem::resize_file(folder.files()[0], 100);
  const std::string error = error_of([&] { folder.load_newest(checkpoint); });
  CHECK(contains(error, "[load_safetensors] " + folder.files()[0]));
  CHECK(contains(error, "\nthe checkpoint before it is " + folder.files()[1]));
}

TEST_CASE("CheckpointFolder: of old files only a checkpoint's temporaries are removed") {
  const test::TemporaryFolder temporary;
  const Names ours = {"best.safetensors.tmp-4194304-0", "step-000000000012.safetensors.tmp-7-31"};
  const Names others = {"best.safetensors.tmp-",
                        "best.safetensors.tmp-1",
                        "best.safetensors.tmp-1-",
                        "best.safetensors.tmp-1-0-0",
                        "best.safetensors.tmp-1-0.gz",
                        "best.safetensors.tmp-01-0",
                        "best.safetensors.tmp-1-00",
                        "best.safetensors.tmp--1-0",
                        "best.safetensors.tmp-x-0",
                        "best.tmp-1-0",
                        "my-best.safetensors.tmp-1-0",
                        "notes.tmp-1-0",
                        "notes.tmp-draft",
                        "step-12.safetensors.tmp-1-0",
                        ".tmp-1-0"};
  const auto long_ago = std::filesystem::file_time_type::clock::now() - std::chrono::hours(1);
  for (const Names& names : {ours, others})
    for (const std::string& name : names)
      std::filesystem::last_write_time(temporary.write(name, "x"), long_ago);
  const CheckpointFolder folder(temporary.path());
  Names left = others;
  std::sort(left.begin(), left.end());
  CHECK(temporary.names() == left);
}

TEST_CASE("CheckpointFolder: a checkpoint of other settings suggests no other") {
  const test::TemporaryFolder temporary;
  const CheckpointFolder folder(temporary.path(), 2);
  Checkpoint saved, other;
  saved.require("lr", 0.1);
  other.require("lr", 0.2);
  folder.save(saved, 1);
  folder.save(saved, 2);
  const std::string error = error_of([&] { folder.load_newest(other); });
  CHECK(contains(error, "saved with lr 0.1, this run has 0.2"));
  CHECK_FALSE(contains(error, "the checkpoint before it"));
}

TEST_CASE("CheckpointFolder: what could not be replaced later is refused at once") {
  const test::TemporaryFolder temporary;
  const std::string best = temporary.path() + "/best.safetensors";
  const std::string step = temporary.path() + "/step-000000000003.safetensors";
  const auto refusal = [&] { return error_of([&] { CheckpointFolder{temporary.path()}; }); };
  namespace fs = std::filesystem;
  fs::create_directory(best);
  CHECK(refusal() == "[CheckpointFolder] " + best + ": Is a directory");
  fs::remove(best);
  REQUIRE(::mkfifo(best.c_str(), 0600) == 0);
  CHECK(refusal() == "[CheckpointFolder] " + best + ": exists and is no regular file");
  fs::remove(best);
  fs::create_symlink("/proc/self/status", best);
  CHECK(contains(refusal(), "[CheckpointFolder] " + best + ": cannot create a file beside it"));
  fs::remove(best);
  fs::create_directory(step);
  CHECK(refusal() == "[CheckpointFolder] " + step + ": is no regular file");
  fs::remove(step);
  // A file that is there stays as it is, and nothing is left beside it.
  temporary.write("best.safetensors", "mine");
  CHECK(refusal() == "");
  CHECK(test::read_file(best) == "mine");
  CHECK(temporary.names() == Names{"best.safetensors"});
}

TEST_CASE("CheckpointFolder: what cannot be written is told at once") {
  const test::TemporaryFolder temporary;
  const std::string file = temporary.write("file", "");
  CHECK(contains(error_of([&] { CheckpointFolder(file + "/x"); }),
                 "[CheckpointFolder] " + file + "/x: Not a directory"));
  CHECK(contains(error_of([&] { CheckpointFolder{file}; }), "[CheckpointFolder] " + file));
  CHECK(contains(error_of([] { CheckpointFolder("/proc/self/x"); }),
                 "[CheckpointFolder] /proc/self/x: "));
  CHECK(error_of([] { CheckpointFolder(""); }) == "[CheckpointFolder] the path is empty");
  CHECK(error_of([] { CheckpointFolder("x", 0); }) ==
        "[CheckpointFolder] keep must be at least 1, got 0");
  const CheckpointFolder made(temporary.path() + "/a/b");
  CHECK(std::filesystem::is_directory(temporary.path() + "/a/b"));
  CHECK(error_of([&] { made.save(Checkpoint(), -1); }) ==
        "[CheckpointFolder] step must be in [0, 10^12), got -1");
  CHECK(made.files().empty());
}
