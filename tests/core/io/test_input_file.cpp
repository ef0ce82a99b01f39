#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <plumb/core/io/internal/input_file.hpp>

#include "../../support/errors.hpp"
#include "../../support/temporary_folder.hpp"

using namespace plumb;
using detail::InputFile;
using test::error_of;

TEST_CASE("InputFile: reads on, and says what is left") {
  const test::TemporaryFolder folder;
  const std::string path = folder.write("x", "abcdef");
  InputFile file({"load", path});
  CHECK(file.size() == 6);
  char bytes[4];
  file.read(bytes, 4);
  CHECK(std::string(bytes, 4) == "abcd");
  CHECK(file.left() == 2);
  CHECK(error_of([&] { file.read(bytes, 3); }) ==
        "[load] " + path + ": expected 3 bytes more, the file holds 2");
  std::filesystem::resize_file(path, 5);
  CHECK(error_of([&] { file.read(bytes, 2); }) ==
        "[load] " + path + ": the file was shortened while it was read");
}

TEST_CASE("InputFile: reads anywhere, and sees that the file was shortened") {
  const test::TemporaryFolder folder;
  const std::string path = folder.write("x", "abcdef");
  InputFile file({"load", path});
  char bytes[4] = {};
  file.will_read(2, 4);
  file.read_at(bytes, 2, 4);
  CHECK(std::string(bytes, 2) == "ef");
  file.read(bytes, 3);
  CHECK(std::string(bytes, 3) == "abc");  // where it would have been
  CHECK(error_of([&] { file.read_at(bytes, 3, 4); }) ==
        "[load] " + path + ": expected bytes [4, 7), the file holds 6");
  CHECK(error_of([&] { file.read_at(bytes, 1, ~std::uint64_t{0}); }) != "");
  std::filesystem::resize_file(path, 5);
  CHECK(error_of([&] { file.read_at(bytes, 2, 4); }) ==
        "[load] " + path + ": the file was shortened while it was read");
}

TEST_CASE("InputFile: only regular files") {
  const test::TemporaryFolder folder;
  const auto error = [](const std::string& path) {
    return error_of([&] { InputFile({"load", path}); });
  };
  CHECK(error("/nonexistent") == "[load] /nonexistent: No such file or directory");
  CHECK(error(folder.path()) == "[load] " + folder.path() + ": Is a directory");
  CHECK(error("/dev/zero") == "[load] /dev/zero: is no regular file");
  const std::string pipe = folder.path() + "/pipe";
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  CHECK(error(pipe) == "[load] " + pipe + ": is no regular file");
}

TEST_CASE("InputFile: a pipe where its user takes one") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  REQUIRE(::write(ends[1], "text", 4) == 4);
  ::close(ends[1]);
  InputFile file({"load", "/dev/fd/" + std::to_string(ends[0])}, InputFile::Accepts::pipes_too);
  CHECK(!file.regular());
  char bytes[8];
  CHECK(file.read_some(bytes, 3) == 3);
  CHECK(file.read_some(bytes + 3, 5) == 1);
  CHECK(std::string(bytes, 4) == "text");
  CHECK(file.read_some(bytes, 8) == 0);
  ::close(ends[0]);
}

TEST_CASE("Origin: what a file says cannot reach a terminal's controls") {
  const detail::Origin origin{"load", "x"};
  CHECK(error_of([&] { origin.refuse("tensor '\033[2J\n'"); }) == "[load] x: tensor '?[2J?'");
  CHECK(error_of([&] { origin.refuse(std::string(1000, 'a')); }).size() < 420);
}
