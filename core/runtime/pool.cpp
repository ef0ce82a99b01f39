#include "pool.hpp"

#include <sys/mman.h>

#include <atomic>
#include <cstdlib>
#include <mutex>

#include "forks.hpp"
#include "internal/fail.hpp"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define PLUMB_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define PLUMB_SANITIZED 1
#endif

namespace plumb::memory_pool {
namespace {

#ifdef PLUMB_SANITIZED
constexpr std::size_t default_limit = 0;  // every block is its own, so that misuse is seen
#else
constexpr std::size_t default_limit = std::size_t{2} << 30;
#endif

constexpr std::size_t alignment = 64;
constexpr std::size_t large = std::size_t{64} << 10;
constexpr std::size_t huge_page = std::size_t{2} << 20;
constexpr std::size_t largest_kept = std::size_t{1} << 36;
constexpr std::size_t thread_limit = std::size_t{16} << 20;

// Four classes to each power of two from 256 on, multiples of 64 below: at most a quarter is
// unused.
struct SizeClass {
  int index;
  std::size_t bytes;
};

SizeClass size_class(std::size_t bytes) {
  if (bytes <= 256) {
    const std::size_t units = bytes == 0 ? 1 : (bytes + alignment - 1) / alignment;
    return {static_cast<int>(units) - 1, units * alignment};
  }
  const int shift = 61 - __builtin_clzll(bytes - 1);        // 4 << shift < bytes <= 8 << shift
  const std::size_t quarters = ((bytes - 1) >> shift) + 1;  // 5 to 8
  return {4 * (shift - 6) + static_cast<int>(quarters) - 1, quarters << shift};
}

constexpr int class_count = 4 + 4 * (36 - 8) + 1;

struct FreeBlock {
  FreeBlock* next;
};

struct FreeLists {
  FreeBlock* heads[class_count] = {};
  std::size_t kept = 0;

  void* pop(SizeClass wanted) {
    FreeBlock* block = heads[wanted.index];
    if (block == nullptr) return nullptr;
    heads[wanted.index] = block->next;
    kept -= wanted.bytes;
    return block;
  }
  void push(void* memory, SizeClass size) {
    FreeBlock* block = static_cast<FreeBlock*>(memory);
    block->next = heads[size.index];
    heads[size.index] = block;
    kept += size.bytes;
  }
  void release() {
    for (FreeBlock*& head : heads) {
      while (head != nullptr) {
        FreeBlock* next = head->next;
        std::free(head);
        head = next;
      }
    }
    kept = 0;
  }
};

std::atomic<std::size_t> limit{default_limit};

struct SharedLists {
  SharedLists() { detail::hold_over_forks(mutex); }

  std::mutex mutex;
  FreeLists lists;
};

// Never destroyed: tensors in static storage may outlive any order of destruction.
SharedLists& shared() {
  static SharedLists& instance = *new SharedLists;
  return instance;
}

// What the calling thread keeps. It takes blocks only after the object is made that gives them back at the end of
// the thread; before and after it counts as full. So what is hot has no constructor or destructor to look after.
thread_local FreeLists own = {{}, thread_limit};
thread_local bool thread_is_ending = false;

struct GivesBackAtEnd {
  GivesBackAtEnd() { own.kept = 0; }
  ~GivesBackAtEnd() {
    own.release();
    own.kept = thread_limit;
    thread_is_ending = true;
  }
};

// Whether the thread may keep blocks: from now on, or already.
bool may_keep() {
  if (thread_is_ending) return false;
  thread_local const GivesBackAtEnd at_end;
  return true;
}

void* from_system(std::size_t bytes) {
  const bool huge = bytes >= huge_page;
  const std::size_t unit = huge ? huge_page : alignment;
  // aligned_alloc wants a multiple of the alignment; the tail of a huge block is never touched.
  void* block = std::aligned_alloc(unit, (bytes + unit - 1) / unit * unit);
  if (block != nullptr && huge) madvise(block, bytes, MADV_HUGEPAGE);
  return block;
}

[[gnu::noinline]] void* allocate_anew(std::size_t bytes) {
  if (bytes > largest_kept) {
    void* block = bytes <= PTRDIFF_MAX ? from_system(bytes) : nullptr;
    if (block == nullptr) fail("allocate", "cannot allocate ", std::uint64_t{bytes}, " bytes");
    return block;
  }
  const SizeClass wanted = size_class(bytes);
  void* block = nullptr;
  if (wanted.bytes >= large) {
    const std::lock_guard<std::mutex> lock(shared().mutex);
    block = shared().lists.pop(wanted);
  }
  if (block == nullptr) block = from_system(wanted.bytes);
  if (block == nullptr) {
    trim();
    block = from_system(wanted.bytes);
  }
  if (block == nullptr) fail("allocate", "cannot allocate ", std::uint64_t{bytes}, " bytes");
  return block;
}

[[gnu::noinline]] void deallocate_large_or_full(void* block, std::size_t bytes) noexcept {
  if (block == nullptr) return;
  const std::size_t keep = limit.load(std::memory_order_relaxed);
  if (bytes > largest_kept || keep == 0) return std::free(block);
  const SizeClass size = size_class(bytes);
  if (size.bytes < large) {
    if (may_keep() && own.kept + size.bytes <= thread_limit) return own.push(block, size);
    return std::free(block);
  }
  {
    const std::lock_guard<std::mutex> lock(shared().mutex);
    if (shared().lists.kept + size.bytes <= keep) return shared().lists.push(block, size);
  }
  std::free(block);
}

}  // namespace

void* allocate(std::size_t bytes) {
  if (bytes < large) {
    const SizeClass wanted = size_class(bytes);
    if (wanted.bytes < large)
      if (void* block = own.pop(wanted)) return block;
  }
  return allocate_anew(bytes);
}

void deallocate(void* block, std::size_t bytes) noexcept {
  if (bytes < large && block != nullptr && limit.load(std::memory_order_relaxed) != 0) {
    const SizeClass size = size_class(bytes);
    if (size.bytes < large && own.kept + size.bytes <= thread_limit) return own.push(block, size);
  }
  deallocate_large_or_full(block, bytes);
}

void set_limit(std::size_t bytes) {
  limit = bytes;
  if (bytes == 0) trim();
}

void trim() {
  if (may_keep()) own.release();
  const std::lock_guard<std::mutex> lock(shared().mutex);
  shared().lists.release();
}

}  // namespace plumb::memory_pool
