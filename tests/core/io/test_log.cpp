#include <doctest/doctest.h>

#include <cstring>
#include <filesystem>
#include <limits>
#include <plumb/core/io/log.hpp>
#include <sstream>

#include "../../support/errors.hpp"
#include "../../support/temporary_folder.hpp"

namespace plumb::test {
namespace {

std::vector<std::string> event_files(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().filename().string().rfind("events.out.tfevents.", 0) == 0)
      files.push_back(entry.path().string());
  return files;
}

// How many records lie end to end in the file, by their lengths; -1 where the last is cut off.
int records(const std::string& path) {
  const std::string bytes = read_file(path);
  int count = 0;
  std::size_t at = 0;
  while (at + 12 <= bytes.size()) {
    std::uint64_t length = 0;
    std::memcpy(&length, bytes.data() + at, sizeof length);
    at += 12 + length + 4;
    ++count;
  }
  return at == bytes.size() ? count : -1;
}

// "step,name,value": the times left out.
std::string table(const std::string& folder) {
  std::string out;
  std::istringstream lines(read_file(folder + "/scalars.csv"));
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find(','), second = line.find(',', first + 1);
    out += line.substr(0, first) + line.substr(second) + "\n";
  }
  return out;
}

}  // namespace

TEST_CASE("log: a table, and as many events") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/runs/first";
  {
    Log log(path);
    log.add("loss/train", 1, 0.1);
    log.add("loss/train", 2, std::numeric_limits<double>::quiet_NaN());
    log.flush();
    CHECK(table(path) == "step,name,value\n1,\"loss/train\",0.1\n2,\"loss/train\",nan\n");
    log.add("a name, with more", -3, 1e300);
  }
  CHECK(table(path) ==
        "step,name,value\n1,\"loss/train\",0.1\n2,\"loss/train\",nan\n"
        "-3,\"a name, with more\",1e+300\n");
  REQUIRE(event_files(path).size() == 1);
  CHECK(records(event_files(path)[0]) == 4);
}

TEST_CASE("log: a folder that has one is added to") {
  const TemporaryFolder folder;
  for (int program = 0; program < 2; ++program) {
    Log log(folder.path());
    log.add("x", 5, program);
  }
  CHECK(table(folder.path()) == "step,name,value\n5,\"x\",0\n5,\"x\",1\n");
  CHECK(event_files(folder.path()).size() == 2);
}

TEST_CASE("log: what it refuses") {
  const TemporaryFolder folder;
  Log log(folder.path());
  for (const char* name : {"", "a\"b", "a\nb"})
    CHECK(contains(error_of([&] { log.add(name, 0, 0); }), "[Log] a name is not empty"));
  CHECK(table(folder.path()) == "step,name,value\n");
  CHECK(contains(error_of([&] { Log(folder.path() + "/scalars.csv"); }), "Not a directory"));
}

TEST_CASE("log: a full disk is told") {
  if (!std::filesystem::exists("/dev/full")) return;
  const TemporaryFolder folder;
  std::filesystem::create_symlink("/dev/full", folder.path() + "/scalars.csv");
  CHECK(contains(error_of([&] {
          Log log(folder.path());
          log.add("x", 0, 1);
          log.flush();
        }),
                 "No space left on device"));
}

}  // namespace plumb::test
