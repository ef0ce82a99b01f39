#include "stop_request.hpp"

#include <signal.h>

#include <array>
#include <atomic>

#include "error.hpp"

namespace plumb {
namespace {

constexpr std::array<int, 2> signals = {SIGINT, SIGTERM};

std::atomic<bool> alive{false};
std::atomic<int> arrived{0};  // read and written by the handler: lock-free
static_assert(std::atomic<int>::is_always_lock_free);

std::array<struct sigaction, signals.size()> before;

// What the handler does is safe within one. A second signal stays blocked until the handler
// returns, and then has its default effect.
extern "C" void note_signal(int number) {
  int none = 0;
  if (arrived.compare_exchange_strong(none, number)) return;
  ::signal(number, SIG_DFL);
  ::raise(number);
}

}  // namespace

StopRequest::StopRequest() {
  if (alive.exchange(true)) fail("StopRequest", "there is one already in this process");
  arrived = 0;
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
  arrived = 0;
  alive = false;
}

int StopRequest::signal() const { return arrived; }

}  // namespace plumb
