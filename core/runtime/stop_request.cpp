#include "stop_request.hpp"

#include <signal.h>
#include <time.h>

#include <array>
#include <atomic>
#include <cstdint>

#include "internal/fail.hpp"

namespace plumb {
namespace {

constexpr std::array<int, 2> signals = {SIGINT, SIGTERM};

// timeout(1) sends its signal to the program and then to the program's group: it arrives twice, and
// on several processors the first may be handled before the second is sent.
constexpr std::int64_t echo_nanoseconds = 250'000'000;

std::atomic<bool> alive{false};
std::atomic<std::int64_t> first_at{0};  // nanoseconds; 0 before the first signal
std::atomic<int> arrived{0};
static_assert(std::atomic<std::int64_t>::is_always_lock_free);  // the handler uses both
static_assert(std::atomic<int>::is_always_lock_free);

std::array<struct sigaction, signals.size()> before;

std::int64_t monotonic_nanoseconds() {
  struct timespec now = {};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * std::int64_t{1'000'000'000} + now.tv_nsec;
}

// What the handler does is safe within one. A second signal stays blocked until the handler
// returns, and then has its default effect.
extern "C" void note_signal(int number) {
  const std::int64_t now = monotonic_nanoseconds();
  std::int64_t first = 0;
  if (first_at.compare_exchange_strong(first, now)) {
    arrived = number;
  } else if (now - first > echo_nanoseconds) {
    ::signal(number, SIG_DFL);
    ::raise(number);
  }
}

}  // namespace

StopRequest::StopRequest() {
  if (alive.exchange(true)) fail("StopRequest", "there is one already in this process");
  struct sigaction action = {};
  action.sa_handler = note_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (std::size_t i = 0; i < signals.size(); ++i) {
    ::sigaction(signals[i], nullptr, &before[i]);
    if (before[i].sa_handler != SIG_IGN) ::sigaction(signals[i], &action, nullptr);
  }
}

StopRequest::~StopRequest() {
  for (std::size_t i = 0; i < signals.size(); ++i) ::sigaction(signals[i], &before[i], nullptr);
  first_at = 0;
  arrived = 0;
  alive = false;
}

int StopRequest::signal() const { return arrived; }

int detail::noted_signal() { return arrived; }

}  // namespace plumb
