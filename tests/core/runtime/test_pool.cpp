#include <doctest/doctest.h>
#include <malloc.h>
#include <sys/resource.h>

#include <cstdint>
#include <cstring>
#include <plumb/core/runtime/error.hpp>
#include <plumb/core/runtime/pool.hpp>
#include <set>
#include <thread>
#include <vector>

using namespace plumb;

TEST_CASE("pool: blocks are aligned, apart and writable to their last byte") {
  std::vector<std::pair<void*, std::size_t>> blocks;
  for (std::size_t bytes = 0; bytes < 5'000'000; bytes = bytes * 5 / 4 + 1) {
    void* block = memory_pool::allocate(bytes);
    CHECK(reinterpret_cast<std::uintptr_t>(block) % 64 == 0);
    std::memset(block, static_cast<int>(blocks.size()), bytes);
    blocks.emplace_back(block, bytes);
  }
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const auto* bytes = static_cast<const unsigned char*>(blocks[i].first);
    bool intact = true;
    for (std::size_t k = 0; k < blocks[i].second; ++k)
      intact = intact && bytes[k] == static_cast<unsigned char>(i);
    CHECK(intact);
    memory_pool::deallocate(blocks[i].first, blocks[i].second);
  }
  memory_pool::trim();
}

TEST_CASE("pool: an impossible allocation says how many bytes") {
  CHECK_THROWS_WITH_AS(memory_pool::allocate(std::size_t{1} << 62),
                       "[allocate] cannot allocate 4611686018427387904 bytes", Error);
  CHECK_THROWS_AS(memory_pool::allocate(SIZE_MAX), Error);
}

// Sanitizers have a malloc of their own.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define OTHER_MALLOC
#endif
#endif
#ifndef OTHER_MALLOC

TEST_CASE("pool: a block is kept, however often it was, and given back at a limit of 0") {
  constexpr std::size_t bytes = 7 << 14;  // a size of the pool's own
  const auto taken = [] {                 // from malloc, by the pool and others
    const struct mallinfo2 info = ::mallinfo2();
    return info.uordblks + info.hblkhd;
  };
  memory_pool::trim();
  memory_pool::set_limit(2 * bytes);
  for (int round = 0; round < 5; ++round) {
    void* const block = memory_pool::allocate(bytes);
    const std::size_t before = taken();
    memory_pool::deallocate(block, bytes);
    const std::size_t after = taken();
    CHECK(after == before);
  }
  const std::size_t before = taken();
  memory_pool::set_limit(0);
  const std::size_t after = taken();
  CHECK(after + bytes <= before);
  memory_pool::set_limit(std::size_t{2} << 30);
}

TEST_CASE("pool: a large block that every step asks for has its pages from the first one on") {
  constexpr std::size_t bytes = 20'000'000;
  const auto faults = [] {
    struct rusage usage;
    ::getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_minflt;
  };
  const auto step = [&] {
    const long before = faults();
    void* const block = memory_pool::allocate(bytes);
    auto* const first = static_cast<volatile char*>(block);
    for (std::size_t at = 0; at < bytes; at += 4096) first[at] = 1;
    memory_pool::deallocate(block, bytes);
    return faults() - before;
  };
  memory_pool::trim();
  const long all = step();
  for (int i = 0; i < 3; ++i) CHECK(4 * step() < all);  // few at most, which the system has moved
  memory_pool::trim();
}

#endif

TEST_CASE("pool: threads may free one another's blocks and end") {
  for (int round = 0; round < 4; ++round) {
    std::vector<std::pair<void*, std::size_t>> blocks;
    std::thread producer([&] {
      for (std::size_t bytes = 8; bytes < 300'000; bytes *= 2)
        blocks.emplace_back(memory_pool::allocate(bytes), bytes);
    });
    producer.join();
    std::set<void*> distinct;
    for (const auto& [block, bytes] : blocks) {
      distinct.insert(block);
      std::memset(block, 1, bytes);
    }
    CHECK(distinct.size() == blocks.size());
    std::thread consumer([&] {
      for (const auto& [block, bytes] : blocks) memory_pool::deallocate(block, bytes);
    });
    consumer.join();
  }
}
