#include "prefetcher.hpp"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "../../core/runtime/forks.hpp"
#include "../../core/runtime/internal/fail.hpp"

namespace plumb::data::detail {

struct Prefetcher::Shared {
  struct Slot {
    bool ready = false;
    Batch batch;
    std::exception_ptr failure;
  };

  // Batch k lies in slot k % depth from its making until it is taken.
  Slot& slot(std::int64_t number) { return slots[static_cast<std::size_t>(number) % slots.size()]; }

  void work();
  Slot make_slot(std::int64_t number) const noexcept;
  void stop() noexcept;

  Make make;
  std::mutex mutex;
  std::condition_variable room, ready;
  std::vector<Slot> slots;
  std::int64_t next_made, next_taken, end;
  bool stopping = false;
  std::vector<std::thread> threads;
};

Prefetcher::Shared::Slot Prefetcher::Shared::make_slot(std::int64_t number) const noexcept {
  Slot slot;
  try {
    slot.batch = make(number);
  } catch (...) {
    slot.failure = std::current_exception();
  }
  slot.ready = true;
  return slot;
}

void Prefetcher::Shared::work() {
  std::unique_lock<std::mutex> lock(mutex);
  const std::int64_t depth = static_cast<std::int64_t>(slots.size());
  for (;;) {
    room.wait(lock, [&] { return stopping || next_made >= end || next_made - next_taken < depth; });
    if (stopping || next_made >= end) return;
    const std::int64_t number = next_made++;
    lock.unlock();
    Slot made = make_slot(number);
    lock.lock();
    if (made.failure) {
      end = std::min(end, number + 1);  // nobody will get as far as the later ones
      room.notify_all();
    }
    slot(number) = std::move(made);
    ready.notify_one();
  }
}

void Prefetcher::Shared::stop() noexcept {
  {
    const std::lock_guard<std::mutex> lock(mutex);
    stopping = true;
  }
  room.notify_all();
  for (std::thread& thread : threads) thread.join();
}

Prefetcher::Prefetcher(int threads, std::int64_t depth, std::int64_t first, std::int64_t end,
                       Make make)
    : threads_(threads), depth_(depth), next_(first), end_(end), make_(std::move(make)) {
  start();
}

void Prefetcher::start() {
  auto shared = std::make_unique<Shared>();
  shared->make = make_;
  shared->slots.resize(static_cast<std::size_t>(std::min(depth_, end_ - next_)));
  shared->next_made = shared->next_taken = next_;
  shared->end = end_;
  const std::int64_t useful = std::min<std::int64_t>(threads_, end_ - next_);
  shared->threads.reserve(static_cast<std::size_t>(useful));
  try {
    for (std::int64_t i = 0; i < useful; ++i)
      shared->threads.emplace_back([shared = shared.get()] { shared->work(); });
  } catch (const std::system_error& error) {
    shared->stop();
    fail("DataLoader", "cannot start ", useful, " loader threads: ", error.what());
  }
  forks_ = plumb::detail::forks();
  shared_ = std::move(shared);
}

bool Prefetcher::forked() const { return forks_ != plumb::detail::forks(); }

// What is shared with threads of the parent cannot even be destroyed: they may hold its lock.
Prefetcher::~Prefetcher() {
  if (forked()) {
    static_cast<void>(shared_.release());
  } else {
    shared_->stop();
  }
}

Batch Prefetcher::next() {
  if (forked()) {
    static_cast<void>(shared_.release());
    start();
  }
  std::unique_lock<std::mutex> lock(shared_->mutex);
  Shared::Slot& slot = shared_->slot(next_);
  shared_->ready.wait(lock, [&] { return slot.ready; });
  const Shared::Slot taken = std::exchange(slot, {});
  if (taken.failure) std::rethrow_exception(taken.failure);
  shared_->next_taken = ++next_;
  lock.unlock();
  shared_->room.notify_one();
  return taken.batch;
}

}  // namespace plumb::data::detail
