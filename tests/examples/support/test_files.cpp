#include <doctest/doctest.h>

#include <plumb/examples/support/files.hpp>

#include "../../support/errors.hpp"
#include "../../support/temporary_folder.hpp"

using plumb::test::error_of;

TEST_CASE("files: what is written is read again, an empty file too, and nothing else is left") {
  const plumb::test::TemporaryFolder folder;
  const std::string path = folder.path() + "/a";
  for (const std::string& content : {std::string("long text\n"), std::string("x"), std::string()}) {
    write_file(path, content);
    CHECK(read_file(path) == content);
  }
  CHECK(folder.names() == std::vector<std::string>{"a"});
}

TEST_CASE("files: errors name the path and the reason") {
  const plumb::test::TemporaryFolder folder;
  const std::string below = folder.write("a", "text") + "/b";
  CHECK(error_of([&] { write_file(below, ""); }) ==
        "[write_file] " + below + ": cannot create a file beside it: Not a directory");
  CHECK(error_of([&] { require_writable(below); }) ==
        "[require_writable] " + below + ": Not a directory");
  CHECK(error_of([&] { require_writable(folder.path()); }) ==
        "[require_writable] " + folder.path() + ": Is a directory");
  require_writable(folder.path() + "/new");
  CHECK(folder.names() == std::vector<std::string>{"a"});
  CHECK(error_of([&] { read_file(below); }) == "[read_file] " + below + ": Not a directory");
  CHECK(error_of([&] { make_folder(below); }) == "[make_folder] " + below + ": Not a directory");
}
