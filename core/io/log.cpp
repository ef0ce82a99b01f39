#include "log.hpp"

#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "../runtime/internal/fail.hpp"

namespace plumb {
namespace {

// --- the wire format of protocol buffers: https://protobuf.dev/programming-guides/encoding ---------

std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes + static_cast<char>(value);
}

// Little endian, as this library's processors are.
template <class T>
std::string fixed(T value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

enum WireType : std::uint64_t { as_varint = 0, as_64_bits = 1, with_length = 2, as_32_bits = 5 };

std::string key(std::uint64_t field, WireType type) { return varint(field << 3 | type); }

std::string text_field(std::uint64_t field, const std::string& bytes) {
  return key(field, with_length) + varint(bytes.size()) + bytes;
}

// --- records: a length and bytes, each with its masked CRC-32C, as in TensorFlow's TFRecord ---------

constexpr std::array<std::uint32_t, 256> crc_table = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0x82F63B78U : 0);
    table[i] = crc;
  }
  return table;
}();

// Castagnoli's polynomial (RFC 3720, appendix B.4).
std::uint32_t crc32c(const std::string& bytes) {
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const char c : bytes)
    crc = crc >> 8 ^ crc_table[(crc ^ static_cast<std::uint8_t>(c)) & 0xFF];
  return ~crc;
}

std::string masked_crc(const std::string& bytes) {
  const std::uint32_t crc = crc32c(bytes);
  return fixed((crc >> 15 | crc << 17) + 0xA282EAD8U);
}

std::string record(const std::string& bytes) {
  const std::string length = fixed(std::uint64_t{bytes.size()});
  return length + masked_crc(length) + bytes + masked_crc(bytes);
}

double seconds_since_1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// No two logs of a folder write to one file: TensorBoard wants the time in the name first.
std::string events_name() {
  static std::atomic<int> logs{0};
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  return errors::text("events.out.tfevents.", static_cast<std::int64_t>(seconds_since_1970()), ".",
                      host, ".", std::int64_t{getpid()}, ".", std::int64_t{logs++});
}

void check_name(const std::string& name) {
  if (name.empty() || name.find_first_of("\"\n\r") != std::string::npos)
    errors::fail("Log", "a name is not empty and has neither quotes nor line breaks, got '", name,
                 "'");
}

}  // namespace

Log::Log(const std::string& folder) : folder_(folder) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  const auto open = [&](const std::string& name) {
    File file(std::fopen((folder + "/" + name).c_str(), "ab"));
    if (!file) errors::fail("Log", folder, "/", name, ": ", std::strerror(errno));
    return file;
  };
  const bool begins = !std::filesystem::exists(folder + "/scalars.csv", failed);
  table_ = open("scalars.csv");
  if (begins) write(table_.get(), "step,seconds,name,value\n");
  events_ = open(events_name());
  write_event(text_field(3, "brain.Event:2"));  // file_version
  flush();
}

Log::~Log() = default;  // fclose() writes what is left

void Log::add(const std::string& name, std::int64_t step, double value) {
  check_name(name);
  const Clock::time_point now = Clock::now();
  write(table_.get(), errors::text(step, ",", std::chrono::duration<double>(now - start_).count(),
                                   ",\"", name, "\",", value, "\n"));
  // Event.summary.value: tag and simple_value (tensorflow/core/framework/summary.proto).
  const std::string scalar =
      text_field(1, name) + key(2, as_32_bits) + fixed(static_cast<float>(value));
  write_event(key(2, as_varint) + varint(static_cast<std::uint64_t>(step)) +
              text_field(5, text_field(1, scalar)));
  if (now - flushed_ > std::chrono::seconds(2)) flush();
}

void Log::flush() {
  for (std::FILE* file : {table_.get(), events_.get()})
    if (std::fflush(file) != 0) errors::fail("Log", folder_, ": ", std::strerror(errno));
  flushed_ = Clock::now();
}

void Log::write_event(const std::string& fields) {
  write(events_.get(), record(key(1, as_64_bits) + fixed(seconds_since_1970()) + fields));
}

void Log::write(std::FILE* file, const std::string& bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), file) != bytes.size())
    errors::fail("Log", folder_, ": ", std::strerror(errno));
}

}  // namespace plumb
