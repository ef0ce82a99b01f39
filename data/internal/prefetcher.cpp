#include "prefetcher.hpp"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "../../core/runtime/error.hpp"

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
    : shared_(std::make_unique<Shared>()) {
  shared_->make = std::move(make);
  shared_->slots.resize(static_cast<std::size_t>(std::min(depth, end - first)));
  shared_->next_made = shared_->next_taken = first;
  shared_->end = end;
  const std::int64_t useful = std::min<std::int64_t>(threads, end - first);
  shared_->threads.reserve(static_cast<std::size_t>(useful));
  try {
    for (std::int64_t i = 0; i < useful; ++i)
      shared_->threads.emplace_back([shared = shared_.get()] { shared->work(); });
  } catch (const std::system_error& error) {
    shared_->stop();
    fail("DataLoader", "cannot start ", useful, " loader threads: ", error.what());
  }
}

Prefetcher::~Prefetcher() { shared_->stop(); }

Batch Prefetcher::next() {
  std::unique_lock<std::mutex> lock(shared_->mutex);
  Shared::Slot& slot = shared_->slot(shared_->next_taken);
  shared_->ready.wait(lock, [&] { return slot.ready; });
  const Shared::Slot taken = std::exchange(slot, {});
  if (taken.failure) std::rethrow_exception(taken.failure);
  ++shared_->next_taken;
  lock.unlock();
  shared_->room.notify_one();
  return taken.batch;
}

}  // namespace plumb::data::detail
