#include <doctest/doctest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <plumb/core/io/internal/atomic_file.hpp>

#include "../../support/errors.hpp"
#include "../../support/temporary_folder.hpp"

using namespace plumb;
using detail::AtomicFile;
using test::error_of;
using test::read_file;
namespace fs = std::filesystem;

TEST_CASE("AtomicFile: the old file stays until commit, and no temporary behind it") {
  const test::TemporaryFolder folder;
  const std::string path = folder.write("state", "old");
  {
    AtomicFile file({"save", path});
    file.write("new!", 4, 0);
    CHECK(read_file(path) == "old");
    CHECK(folder.names().size() == 2);
    file.commit();
    CHECK(read_file(path) == "new!");
  }
  { AtomicFile file({"save", path}); }
  CHECK(read_file(path) == "new!");
  CHECK(folder.names() == std::vector<std::string>{"state"});
}

TEST_CASE("AtomicFile: two writers of one path each keep their own") {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/state";
  AtomicFile first({"save", path}), second({"save", path});
  first.write("1111", 4, 0);
  second.write("22", 2, 0);
  second.commit();
  CHECK(read_file(path) == "22");
  first.commit();
  CHECK(read_file(path) == "1111");
  CHECK(folder.names().size() == 1);
}

TEST_CASE("AtomicFile: a link is followed, not replaced") {
  const test::TemporaryFolder folder;
  const std::string path = folder.write("state", "old");
  fs::create_directory(folder.path() + "/elsewhere");
  const std::string link = folder.path() + "/elsewhere/link";
  fs::create_symlink(path, link);
  AtomicFile file({"save", link});
  file.write("new", 3, 0);
  file.commit();
  CHECK(fs::is_symlink(link));
  CHECK(read_file(path) == "new");
}

TEST_CASE("AtomicFile: what cannot be a file is refused with its path") {
  const test::TemporaryFolder folder;
  const auto error = [](const std::string& path) {
    return error_of([&] { AtomicFile({"save", path}); });
  };
  CHECK(error(folder.path()) == "[save] " + folder.path() + ": Is a directory");
  CHECK(error("/dev/null") == "[save] /dev/null: exists and is no regular file");
  CHECK(error("/nonexistent/x") ==
        "[save] /nonexistent/x: cannot create a file beside it: No such file or directory");
  const std::string file = folder.write("file", "");
  CHECK(error(file + "/x") ==
        "[save] " + file + "/x: cannot create a file beside it: Not a directory");
}

TEST_CASE("AtomicFile: a rehearsal writes, renames and removes, and leaves all as it was") {
  const test::TemporaryFolder folder;
  const std::string path = folder.write("state", "old");
  AtomicFile::rehearse({"save", path});
  AtomicFile::rehearse({"save", folder.path() + "/new"});
  CHECK(read_file(path) == "old");
  CHECK(folder.names() == std::vector<std::string>{"state"});
}

TEST_CASE("AtomicFile: beyond the process's limit of a file an error, no signal") {
  const test::TemporaryFolder folder;
  const std::string path = folder.write("state", "old");
  struct rlimit before;
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  const struct rlimit small = {100, before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  const std::string error = error_of([&] {
    AtomicFile file({"save", path});
    const std::string bytes(1000, 'x');
    file.write(bytes.data(), bytes.size(), 0);
  });
  sigset_t pending, blocked;
  ::sigpending(&pending);
  ::pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
  ::setrlimit(RLIMIT_FSIZE, &before);
  CHECK(error == "[save] " + path + ": cannot write: File too large");
  CHECK(sigismember(&pending, SIGXFSZ) == 0);
  CHECK(sigismember(&blocked, SIGXFSZ) == 0);
  CHECK(read_file(path) == "old");
  CHECK(folder.names() == std::vector<std::string>{"state"});
}

TEST_CASE("remove_abandoned_temporaries: neither young ones, those being written nor others") {
  const test::TemporaryFolder folder;
  const auto long_ago = fs::file_time_type::clock::now() - std::chrono::hours(1);
  for (const char* name : {"a.tmp-1-0", "a.other", "b.tmp-1-0", "young.tmp-1-0"})
    folder.write(name, "x");
  AtomicFile busy({"save", folder.path() + "/busy"});
  for (const std::string& name : folder.names())
    if (name.find("young") != 0) fs::last_write_time(folder.path() + "/" + name, long_ago);
  detail::remove_abandoned_temporaries(folder.path(),
                                       [](const std::string& target) { return target != "b"; });
  const std::vector<std::string> left = folder.names();
  REQUIRE(left.size() == 4);
  CHECK(left[0] == "a.other");
  CHECK(left[1] == "b.tmp-1-0");
  CHECK(test::contains(left[2], "busy.tmp-"));
  CHECK(left[3] == "young.tmp-1-0");
}
