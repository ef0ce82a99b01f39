// A thread whose stack is small, for what must not need a large one.
#pragma once

#include <doctest/doctest.h>
#include <link.h>
#include <pthread.h>

#include <cstddef>
#include <exception>

namespace plumb::test {

// Thread-local storage of all loaded libraries. glibc takes it out of a thread's stack, and that of
// OpenBLAS alone is 60 KiB.
inline std::size_t thread_local_bytes() {
  std::size_t bytes = 0;
  dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* sum) {
        for (int i = 0; i < info->dlpi_phnum; ++i)
          if (info->dlpi_phdr[i].p_type == PT_TLS)
            *static_cast<std::size_t*>(sum) += info->dlpi_phdr[i].p_memsz;
        return 0;
      },
      &bytes);
  return bytes;
}

// Runs f on a thread with a stack of 64 KiB beside its thread-local storage.
template <class F>
void on_a_small_stack(const F& f) {
  struct Job {
    const F& f;
    std::exception_ptr failure;
  } job{f, nullptr};
  pthread_attr_t attributes;
  REQUIRE(pthread_attr_init(&attributes) == 0);
  REQUIRE(pthread_attr_setstacksize(&attributes, 64 * 1024 + thread_local_bytes()) == 0);
  pthread_t thread;
  REQUIRE(pthread_create(
              &thread, &attributes,
              [](void* p) -> void* {
                auto& job = *static_cast<Job*>(p);
                try {
                  job.f();
                } catch (...) {
                  job.failure = std::current_exception();
                }
                return nullptr;
              },
              &job) == 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
  if (job.failure) std::rethrow_exception(job.failure);
}

}  // namespace plumb::test
