#include "collectives.hpp"

#include <mpi.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "../../core/runtime/internal/fail.hpp"

namespace plumb::distributed::detail {
namespace {

constexpr const char* operation = "distributed";

void check(const char* call, int code) {
  if (code == MPI_SUCCESS) return;
  char words[MPI_MAX_ERROR_STRING] = {};
  int length = 0;
  MPI_Error_string(code, words, &length);
  fail(operation, call, ": ", std::string_view(words, static_cast<std::size_t>(length)));
}

int count(std::size_t bytes) {
  if (bytes > INT_MAX)
    fail(operation, "MPI counts bytes in an int: ", static_cast<std::uint64_t>(bytes),
         " are too many for one exchange");
  return static_cast<int>(bytes);
}

// What mpirun says of the number of processes; 0: nothing.
int announced_size() {
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"})
    if (const char* value = std::getenv(name)) return std::atoi(value);
  return 0;
}

std::string own_name(int rank) {
  char host[256] = "?";
  ::gethostname(host, sizeof host - 1);
  return text("rank ", rank, " (process ", static_cast<std::int64_t>(::getpid()), " on ",
              std::string_view(host), ")");
}

}  // namespace

struct Collectives::Mpi {
  MPI_Comm all = MPI_COMM_NULL;
  MPI_Request request = MPI_REQUEST_NULL;
  bool started = false;  // here
};

Collectives::Collectives(double stall_seconds)
    : mpi_(std::make_unique<Mpi>()), stall_seconds_(stall_seconds) {
  int running = 0, ended = 0;
  check("MPI_Initialized", MPI_Initialized(&running));
  check("MPI_Finalized", MPI_Finalized(&ended));
  if (ended != 0) fail(operation, "MPI has been ended in this process, and cannot start again");
  if (running == 0) {
    if (announced_size() == 0) return;  // no mpirun, no MPI
    // With MPICH the way in which UCX reads the memory of a process that has died aborts the one that reads,
    // before that can say whose death it was.
    ::setenv("UCX_TLS", "^cma", /*overwrite=*/0);
    int level = 0;
    check("MPI_Init_thread", MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &level));
    mpi_->started = true;
    if (level < MPI_THREAD_FUNNELED)
      fail(operation, "this MPI bears no second thread in a process");
  }
  check("MPI_Comm_dup", MPI_Comm_dup(MPI_COMM_WORLD, &mpi_->all));
  check("MPI_Comm_set_errhandler", MPI_Comm_set_errhandler(mpi_->all, MPI_ERRORS_RETURN));
  check("MPI_Comm_rank", MPI_Comm_rank(mpi_->all, &rank_));
  check("MPI_Comm_size", MPI_Comm_size(mpi_->all, &size_));
  if (size_ == 1) {
    if (announced_size() > 1)
      fail(operation, "mpirun has started ", announced_size(),
           " processes that do not see each other: it is of another MPI than the program was built "
           "with");
    return;
  }
  MPI_Comm here = MPI_COMM_NULL;
  check("MPI_Comm_split_type",
        MPI_Comm_split_type(mpi_->all, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &here));
  check("MPI_Comm_size", MPI_Comm_size(here, &on_this_host_));
  check("MPI_Comm_free", MPI_Comm_free(&here));

  const auto as_bytes = [](const auto& object) {
    const auto* bytes = reinterpret_cast<const std::byte*>(&object);
    return std::vector<std::byte>(bytes, bytes + sizeof object);
  };
  std::vector<std::uint64_t> name(64);
  const std::string own = own_name(rank_);
  std::memcpy(name.data(), own.data(), std::min(own.size(), name.size() * 8 - 1));
  const std::vector<std::uint64_t> gathered = gather_words("the names of all ranks", name);
  std::vector<std::string> names;
  for (int rank = 0; rank < size_; ++rank)
    names.emplace_back(
        reinterpret_cast<const char*>(gathered.data() + 64 * static_cast<std::size_t>(rank)));
  Meeting meeting;
  const int listening = rank_ == 0 ? Watch::listen(meeting) : -1;
  const std::vector<std::byte> told =
      broadcast("the address of rank 0", rank_ == 0 ? as_bytes(meeting) : std::vector<std::byte>());
  std::memcpy(&meeting, told.data(), sizeof meeting);
  watch_ = std::make_unique<Watch>(rank_, std::move(names), meeting, listening);
}

Collectives::~Collectives() {
  if (mpi_->all == MPI_COMM_NULL || abandoned_) return;
  if (watch_) watch_->leave(true);
  MPI_Comm_free(&mpi_->all);
  if (mpi_->started) MPI_Finalize();
}

void Collectives::abandon() {
  abandoned_ = true;
  if (watch_) watch_->leave(false);
}

std::vector<std::vector<std::byte>> Collectives::all_to_all(
    const std::string& what, const std::vector<std::vector<std::byte>>& parts,
    const std::vector<std::size_t>& sizes) {
  const auto n = static_cast<std::size_t>(size_), own = static_cast<std::size_t>(rank_);
  std::vector<std::vector<std::byte>> result(n);
  result[own] = parts[own];
  if (size_ == 1) return result;
  std::vector<int> sent(n), send_at(n), received(n), receive_at(n);
  std::vector<std::byte> out, in;
  std::size_t total = 0;
  for (std::size_t r = 0; r < n; ++r) {
    send_at[r] = count(out.size());
    receive_at[r] = count(total);
    if (r == own) continue;
    sent[r] = count(parts[r].size());
    out.insert(out.end(), parts[r].begin(), parts[r].end());
    received[r] = count(sizes[r]);
    total += sizes[r];
  }
  in.resize(total);
  check("MPI_Ialltoallv",
        MPI_Ialltoallv(out.data(), sent.data(), send_at.data(), MPI_BYTE, in.data(),
                       received.data(), receive_at.data(), MPI_BYTE, mpi_->all, &mpi_->request));
  wait_for(what);
  bytes_sent += static_cast<std::int64_t>(out.size());
  for (std::size_t r = 0; r < n; ++r)
    if (r != own)
      result[r].assign(in.begin() + receive_at[r], in.begin() + receive_at[r] + received[r]);
  return result;
}

void Collectives::all_gather(const std::string& what, std::byte* data,
                             const std::vector<std::size_t>& bounds) {
  if (size_ == 1) return;
  std::vector<int> counts, places;
  for (std::size_t r = 0; r + 1 < bounds.size(); ++r) {
    counts.push_back(count(bounds[r + 1] - bounds[r]));
    places.push_back(count(bounds[r]));
  }
  check("MPI_Iallgatherv", MPI_Iallgatherv(MPI_IN_PLACE, 0, MPI_BYTE, data, counts.data(),
                                           places.data(), MPI_BYTE, mpi_->all, &mpi_->request));
  wait_for(what);
  bytes_sent += std::int64_t{counts[static_cast<std::size_t>(rank_)]} * (size_ - 1);
}

std::vector<std::uint64_t> Collectives::gather_words(const std::string& what,
                                                     const std::vector<std::uint64_t>& words) {
  std::vector<std::uint64_t> all(words.size() * static_cast<std::size_t>(size_));
  std::copy(words.begin(), words.end(),
            all.begin() + static_cast<std::ptrdiff_t>(words.size()) * rank_);
  std::vector<std::size_t> bounds;
  for (std::size_t r = 0; r <= static_cast<std::size_t>(size_); ++r)
    bounds.push_back(r * words.size() * sizeof(std::uint64_t));
  all_gather(what, reinterpret_cast<std::byte*>(all.data()), bounds);
  return all;
}

std::vector<std::byte> Collectives::broadcast(const std::string& what,
                                              std::vector<std::byte> bytes) {
  if (size_ == 1) return bytes;
  std::uint64_t size = bytes.size();
  check("MPI_Ibcast", MPI_Ibcast(&size, 1, MPI_UINT64_T, 0, mpi_->all, &mpi_->request));
  wait_for(what);
  bytes.resize(size);
  constexpr std::size_t most = std::size_t{1} << 30;
  for (std::size_t at = 0; at < bytes.size(); at += most) {
    const int piece = count(std::min(most, bytes.size() - at));
    check("MPI_Ibcast",
          MPI_Ibcast(bytes.data() + at, piece, MPI_BYTE, 0, mpi_->all, &mpi_->request));
    wait_for(what);
  }
  return bytes;
}

void Collectives::barrier(const std::string& what, bool limited) {
  if (size_ == 1) return;
  check("MPI_Ibarrier", MPI_Ibarrier(mpi_->all, &mpi_->request));
  wait_for(what, limited);
}

void Collectives::wait_for(const std::string& what, bool limited) {
  using Clock = std::chrono::steady_clock;
  using std::chrono::milliseconds;
  ++calls_;
  if (watch_) watch_->came_to(calls_);
  const auto began = Clock::now();
  const bool shared = on_this_host_ > static_cast<int>(std::thread::hardware_concurrency());
  for (std::int64_t polls = 1;; ++polls) {
    int done = 0;
    check("MPI_Test", MPI_Test(&mpi_->request, &done, MPI_STATUS_IGNORE));
    if (done != 0) return;
    if (watch_ && watch_->in_trouble()) fail(operation, watch_->trouble());
    if (!shared && polls % 64 != 0) continue;
    const auto waited = Clock::now() - began;
    if (waited > milliseconds(20))
      std::this_thread::sleep_for(std::chrono::microseconds(100));
    else if (shared || waited > milliseconds(1))
      std::this_thread::yield();
    if (limited && waited > std::chrono::duration<double>(stall_seconds_)) stalled(what);
  }
}

void Collectives::stalled(const std::string& what) {
  const std::string late = text(" has not come to ", what, " in ", stall_seconds_, " s");
  std::string message;
  if (watch_) {
    // One that has stopped within the call is noticed by its silence. Rank 0 knows of all ranks, and
    // the others only of it: they wait for its word.
    using Clock = std::chrono::steady_clock;
    const auto until =
        Clock::now() + std::chrono::duration<double>(rank_ == 0 ? 4 : stall_seconds_ + 9);
    std::vector<int> missing;
    while ((missing = watch_->missing(calls_)).empty() && !watch_->in_trouble() &&
           Clock::now() < until)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    if (missing.empty() && watch_->in_trouble())
      fail(operation, watch_->trouble(), ": all waited for it in ", what);
    for (const int rank : missing) message += (message.empty() ? "" : ", ") + watch_->name(rank);
    if (!missing.empty()) watch_->give_up(missing[0]);
  }
  if (message.empty()) message = "one of the ranks";
  fail(operation, message, late);
}

}  // namespace plumb::distributed::detail
