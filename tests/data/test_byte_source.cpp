#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <plumb/core/runtime/stop_request.hpp>
#include <plumb/data/internal/byte_source.hpp>
#include <thread>

#include "support.hpp"

using namespace plumb;
using plumb::test::error_of;
using plumb::test::gzip;
using plumb::test::TemporaryFolder;

namespace {

// Reads all of a file in pieces of `piece` bytes.
std::string read_all(const std::string& path, std::int64_t piece = 7) {
  const auto source = data::detail::open_bytes("read", path);
  std::string out;
  std::string buffer(static_cast<std::size_t>(piece), '\0');
  for (;;) {
    const std::int64_t got = source->read(buffer.data(), piece);
    out.append(buffer, 0, static_cast<std::size_t>(got));
    if (got < piece) return out;
  }
}

std::string long_text() {
  std::string text;
  for (int i = 0; i < 100000; ++i) text += std::to_string(i % 1009 * i % 4001) + ' ';
  return text;
}

}  // namespace

TEST_CASE("open_bytes: plain and gzip files of every length read the same, told by content") {
  const TemporaryFolder folder;
  for (const std::string& content :
       {std::string(), std::string("a"), std::string("\x1f"), std::string("a line"), long_text()}) {
    CHECK(read_all(folder.write("plain.gz", content)) == content);
    CHECK(read_all(folder.write("zipped", gzip(content))) == content);
    CHECK(read_all(folder.write("zipped", gzip(content)), 1 << 20) == content);
  }
}

TEST_CASE("open_bytes: gzip members are joined, empty ones too") {
  const TemporaryFolder folder;
  const std::string path = folder.write("a", gzip("one ") + gzip("") + gzip("two ") + gzip(""));
  CHECK(read_all(path) == "one two ");
  CHECK(read_all(path, 4) == "one two ");
}

TEST_CASE("open_bytes: refuses garbage after gzip data, zeros too") {
  const TemporaryFolder folder;
  for (const char* garbage : {"x", "\x1f", "garbage"}) {
    const std::string path = folder.write("a", gzip("some text") + garbage);
    CHECK(error_of([&] { read_all(path); }) ==
          "[read] " + path + ": garbage after the end of the gzip data");
  }
  const std::string padded = folder.write("a", gzip("some text") + std::string(512, '\0'));
  CHECK(error_of([&] { read_all(padded); }) ==
        "[read] " + padded + ": garbage after the end of the gzip data");
}

TEST_CASE("open_bytes: refuses gzip data cut off anywhere") {
  const TemporaryFolder folder;
  const std::string whole = gzip("some text, some text, some more text");
  for (std::size_t length = 2; length < whole.size(); ++length) {
    const std::string path = folder.write("a", whole.substr(0, length));
    CHECK(error_of([&] { read_all(path); }) == "[read] " + path + ": the gzip data is truncated");
  }
}

TEST_CASE("open_bytes: refuses a wrong checksum and a wrong length") {
  const TemporaryFolder folder;
  const std::string whole = gzip("some text");
  std::string flipped = whole;
  flipped[whole.size() - 8] ^= 1;
  const std::string checksum = folder.write("crc", flipped);
  CHECK(error_of([&] { read_all(checksum); }) ==
        "[read] " + checksum + ": the gzip data is corrupt: incorrect data check");
  flipped = whole;
  flipped[whole.size() - 4] ^= 1;
  const std::string length = folder.write("length", flipped);
  CHECK(error_of([&] { read_all(length); }) ==
        "[read] " + length + ": the gzip data is corrupt: incorrect length check");
}

TEST_CASE("open_bytes: no flipped bit changes what is read unnoticed") {
  const TemporaryFolder folder;
  const std::string content = "some text, some text, some more text";
  const std::string whole = gzip(content);
  int refused = 0;
  for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
    std::string flipped = whole;
    flipped[bit / 8] ^= static_cast<char>(1 << bit % 8);
    const std::string path = folder.write("a", flipped);
    std::string read;
    const std::string error = error_of([&] { read = read_all(path); });
    refused += !error.empty();
    // The first two bytes make it a gzip file at all; bytes 4 to 9 are time stamp and system.
    CHECK((!error.empty() || read == content || bit < 16));
  }
  CHECK(refused > static_cast<int>(8 * (whole.size() - 10)) - 8);
}

TEST_CASE("open_bytes: what cannot be opened or read gives path and errno's text") {
  const TemporaryFolder folder;
  const auto refusal = [](const std::string& path) { return error_of([&] { read_all(path); }); };
  const std::string missing = folder.path() + "/missing";
  CHECK(refusal(missing) == "[read] " + missing + ": No such file or directory");
  CHECK(refusal(folder.path()) == "[read] " + folder.path() + ": Is a directory");
  const std::string below_a_file = folder.write("a", "text") + "/b";
  CHECK(refusal(below_a_file) == "[read] " + below_a_file + ": Not a directory");
  CHECK(refusal("") == "[read] : No such file or directory");
  if (::geteuid() == 0) {
    MESSAGE("skipped: root may read every file");
    return;
  }
  const std::string secret = folder.write("secret", "text");
  ::chmod(secret.c_str(), 0);
  CHECK(refusal(secret) == "[read] " + secret + ": Permission denied");
}

TEST_CASE("open_bytes: tells the size of a file, but not of a pipe") {
  const TemporaryFolder folder;
  CHECK(data::detail::open_bytes("read", folder.write("a", "text"))->stored_bytes() == 4);
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  REQUIRE(::write(ends[1], "text", 4) == 4);
  ::close(ends[1]);
  const std::string path = "/dev/fd/" + std::to_string(ends[0]);
  CHECK(data::detail::open_bytes("read", path)->stored_bytes() == -1);
  ::close(ends[0]);
}

TEST_CASE("open_bytes: a signal ends the wait for a pipe, before its writer comes and after") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/pipe";
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  for (const bool written : {false, true}) {
    const StopRequest stop;
    int writer = -1;
    std::thread other([&] {
      if (written) writer = ::open(path.c_str(), O_WRONLY);
      if (written) CHECK(::write(writer, "abc", 3) == 3);
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      ::kill(::getpid(), SIGTERM);
    });
    int code = 0;
    std::string message;
    try {
      read_all(path);
    } catch (const Interrupted& interrupted) {
      code = interrupted.exit_code();
      message = interrupted.what();
    }
    other.join();
    if (written) ::close(writer);
    CHECK(code == 143);
    CHECK(message == "[read] " + path + ": a signal ended the reading");
  }
}

TEST_CASE("open_bytes: a pipe that is slow, and one whose writer comes late") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/pipe";
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  const std::string content = gzip(long_text());
  std::thread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(60));
    const int writer = ::open(path.c_str(), O_WRONLY);
    for (const std::size_t from : {std::size_t{0}, content.size() / 2}) {
      const std::size_t count = from == 0 ? content.size() / 2 : content.size() - from;
      for (std::size_t done = 0; done < count;) {
        const ssize_t got = ::write(writer, content.data() + from + done, count - done);
        if (got <= 0) break;
        done += static_cast<std::size_t>(got);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    ::close(writer);
  });
  const std::string got = read_all(path, 1 << 16);
  other.join();
  CHECK(got == long_text());
}

TEST_CASE("open_bytes: what is neither file nor pipe is refused by name") {
  CHECK(error_of([] { read_all("/dev/zero"); }) ==
        "[read] /dev/zero: is neither a regular file nor a pipe");
}
