// load_file FILE loads a file by the end of its name and says "loaded" (exit code 0) or what was
// wrong (1). Exit code 3: that took more memory than the file's size and 64 MB, which is not looked
// at where AddressSanitizer keeps what was freed.
#include <sys/resource.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <plumb/plumb.hpp>
#include <string>

using namespace plumb;

namespace {

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KEEPS_WHAT_WAS_FREED
#endif
#endif
#if defined(KEEPS_WHAT_WAS_FREED) || defined(__SANITIZE_ADDRESS__)
constexpr bool frees_memory = false;
#else
constexpr bool frees_memory = true;
#endif

// The most memory that this process has had, in bytes.
std::int64_t peak() {
  struct rusage usage;
  ::getrusage(RUSAGE_SELF, &usage);
  return std::int64_t{usage.ru_maxrss} * 1024;
}

void load(const std::string& path) {
  const std::string ending = std::filesystem::path(path).extension().string();
  if (ending == ".npy") {
    load_npy(path);
  } else if (ending == ".npz") {
    load_npz(path);
  } else {
    load_safetensors(path, HalfTensors::to_float32);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::int64_t before = peak();
  int code = 0;
  try {
    load(argv[1]);
    std::puts("loaded");
  } catch (const Error& error) {
    std::puts(error.what());
    code = 1;
  }
  std::error_code none;
  const auto size = static_cast<std::int64_t>(std::filesystem::file_size(argv[1], none));
  const std::int64_t grown = peak() - before;
  if (frees_memory && grown > size + 64'000'000) {
    std::printf("took %lld bytes for a file of %lld\n", static_cast<long long>(grown),
                static_cast<long long>(size));
    return 3;
  }
  return code;
}
