#include "allocations.hpp"

#include <cstdlib>
#include <new>

namespace plumb::test {
namespace {

thread_local std::int64_t count = 0;

}  // namespace

std::int64_t allocations() { return count; }

}  // namespace plumb::test

// ThreadSanitizer has operators of its own, which cannot be replaced: nothing is counted there.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define PLUMB_COUNTS_NOTHING
#endif
#endif

#ifndef PLUMB_COUNTS_NOTHING
// In the place of the standard library's, whose other forms of new and delete call these. The
// sanitizers have forms of their own, so all that end in this delete stand here.
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  ++plumb::test::count;
  return std::malloc(bytes == 0 ? 1 : bytes);
}
void* operator new(std::size_t bytes) {
  if (void* block = operator new(bytes, std::nothrow)) return block;
  throw std::bad_alloc();
}

void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }
#endif
