#include <doctest/doctest.h>
#include <link.h>
#include <pthread.h>

#include <atomic>
#include <exception>
#include <plumb/autograd.hpp>

using namespace plumb;

namespace {

// Thread-local storage of all loaded libraries. glibc takes it out of a thread's stack, and that of
// OpenBLAS alone is 60 KiB.
std::size_t thread_local_bytes() {
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
void on_a_small_stack(void (*f)()) {
  struct Job {
    void (*f)();
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

float gradient_after_chain = 0;

}  // namespace

TEST_CASE("graph: a chain of a million operations runs and frees on a stack of 64 KiB") {
  on_a_small_stack([] {
    const Variable x = Variable::leaf(Tensor::ones({1}));
    {
      Variable y = x;
      for (int i = 0; i < 1'000'000; ++i) y = y + 1.0;
      y.backward();
      gradient_after_chain = x.grad().item<float>();
    }
    // And one that is freed without having run.
    Variable y = x;
    for (int i = 0; i < 1'000'000; ++i) y = y * 1.0;
  });
  CHECK(gradient_after_chain == 1);
}

TEST_CASE("graph: what a rule captured is freed by backward, and with the graph otherwise") {
  struct Witness {
    std::shared_ptr<int> alive = std::make_shared<int>(0);
  };
  const Variable x = Variable::leaf(Tensor::ones({1}));
  std::weak_ptr<int> watched;
  const auto watched_operation = [&] {
    Witness witness;
    watched = witness.alive;
    return record("watched", x.value().clone(), {x},
                  [witness](const Tensor& g, Gradients& to) { to.give(0, g); });
  };
  Variable y = watched_operation();
  CHECK_FALSE(watched.expired());
  y.backward(retain_graph);
  CHECK_FALSE(watched.expired());
  y.backward();
  CHECK(watched.expired());
  y = watched_operation();
  CHECK_FALSE(watched.expired());
  y = Variable();
  CHECK(watched.expired());
  const NoGrad scope;
  y = watched_operation();
  CHECK(watched.expired());
}
