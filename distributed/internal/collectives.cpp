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

// `held`: what the call that is under way reads and writes. Where the call fails, other ranks may still read
// and write it, and it stays to the end of the process.
struct Collectives::Mpi {
  MPI_Comm all = MPI_COMM_NULL;
  MPI_Request request = MPI_REQUEST_NULL;
  bool started = false;  // here
  std::vector<std::shared_ptr<void>> held;

  template <class T>
  T& hold(T object) {
    auto holder = std::make_shared<T>(std::move(object));
    T& place = *holder;
    held.push_back(std::move(holder));
    return place;
  }
  ~Mpi() {
    if (held.empty()) return;
    static auto& kept = *new std::vector<std::shared_ptr<void>>;
    kept.insert(kept.end(), held.begin(), held.end());
  }
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
  MPI_Comm_free(&mpi_->all);
  // In MPICH's MPI_Finalize a rank sends to all and waits for their answers, which they give in any call of MPI
  // until they have all theirs, and never afterwards: one that comes late waits for ever. So none calls MPI
  // between this and that.
  if (watch_) {
    watch_->gather();
    watch_->leave(true);
  }
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
  struct Exchange {
    std::vector<int> sent, send_at, received, receive_at;
    std::vector<std::byte> out, in;
  };
  Exchange& x = mpi_->hold(Exchange());
  std::size_t total = 0;
  for (std::size_t r = 0; r < n; ++r) {
    const bool other = r != own;
    x.send_at.push_back(count(x.out.size()));
    x.receive_at.push_back(count(total));
    x.sent.push_back(other ? count(parts[r].size()) : 0);
    x.received.push_back(other ? count(sizes[r]) : 0);
    if (!other) continue;
    x.out.insert(x.out.end(), parts[r].begin(), parts[r].end());
    total += sizes[r];
  }
  x.in.resize(total);
  begin(what);
  check("MPI_Ialltoallv", MPI_Ialltoallv(x.out.data(), x.sent.data(), x.send_at.data(), MPI_BYTE,
                                         x.in.data(), x.received.data(), x.receive_at.data(),
                                         MPI_BYTE, mpi_->all, &mpi_->request));
  wait_for(what);
  bytes_sent += static_cast<std::int64_t>(x.out.size());
  for (std::size_t r = 0; r < n; ++r)
    if (r != own)
      result[r].assign(x.in.begin() + x.receive_at[r],
                       x.in.begin() + x.receive_at[r] + x.received[r]);
  finish();
  return result;
}

void Collectives::all_gather(const std::string& what, const Tensor& data,
                             const std::vector<std::size_t>& bounds) {
  if (size_ == 1) return;
  Tensor& whole = mpi_->hold(Tensor(data));
  gather(what, whole.mutable_raw(), bounds);
  finish();
}

// Of memory that is held.
void Collectives::gather(const std::string& what, std::byte* data,
                         const std::vector<std::size_t>& bounds) {
  auto& counts = mpi_->hold(std::vector<int>());
  auto& places = mpi_->hold(std::vector<int>());
  for (std::size_t r = 0; r + 1 < bounds.size(); ++r) {
    counts.push_back(count(bounds[r + 1] - bounds[r]));
    places.push_back(count(bounds[r]));
  }
  begin(what);
  check("MPI_Iallgatherv", MPI_Iallgatherv(MPI_IN_PLACE, 0, MPI_BYTE, data, counts.data(),
                                           places.data(), MPI_BYTE, mpi_->all, &mpi_->request));
  wait_for(what);
  bytes_sent += std::int64_t{counts[static_cast<std::size_t>(rank_)]} * (size_ - 1);
}

std::vector<std::uint64_t> Collectives::gather_words(const std::string& what,
                                                     const std::vector<std::uint64_t>& words) {
  if (size_ == 1) return words;
  auto& all =
      mpi_->hold(std::vector<std::uint64_t>(words.size() * static_cast<std::size_t>(size_)));
  std::copy(words.begin(), words.end(),
            all.begin() + static_cast<std::ptrdiff_t>(words.size()) * rank_);
  std::vector<std::size_t> bounds;
  for (std::size_t r = 0; r <= static_cast<std::size_t>(size_); ++r)
    bounds.push_back(r * words.size() * sizeof(std::uint64_t));
  gather(what, reinterpret_cast<std::byte*>(all.data()), bounds);
  std::vector<std::uint64_t> result = std::move(all);
  finish();
  return result;
}

std::vector<std::byte> Collectives::broadcast(const std::string& what,
                                              std::vector<std::byte> bytes) {
  if (size_ == 1) return bytes;
  begin(what);
  auto& size = mpi_->hold(std::uint64_t{bytes.size()});
  check("MPI_Ibcast", MPI_Ibcast(&size, 1, MPI_UINT64_T, 0, mpi_->all, &mpi_->request));
  wait_for(what);
  auto& all = mpi_->hold(std::move(bytes));
  all.resize(size);
  constexpr std::size_t most = std::size_t{1} << 30;
  for (std::size_t at = 0; at < all.size(); at += most) {
    const int piece = count(std::min(most, all.size() - at));
    check("MPI_Ibcast", MPI_Ibcast(all.data() + at, piece, MPI_BYTE, 0, mpi_->all, &mpi_->request));
    wait_for(what);
  }
  std::vector<std::byte> result = std::move(all);
  finish();
  return result;
}

void Collectives::barrier(const std::string& what, bool limited) {
  if (size_ == 1) return;
  begin(what);
  check("MPI_Ibarrier", MPI_Ibarrier(mpi_->all, &mpi_->request));
  wait_for(what, limited);
  finish();
}

// A call that has failed is still under way for MPI: nothing may follow it.
void Collectives::begin(const std::string& what) {
  if (failed_) fail(operation, what, " cannot begin: a call before it has failed");
  failed_ = true;
}

void Collectives::finish() {
  mpi_->held.clear();
  failed_ = false;
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
    const int code = MPI_Test(&mpi_->request, &done, MPI_STATUS_IGNORE);
    if (code == MPI_SUCCESS && done != 0) {
      if (watch_) watch_->went_on(calls_);
      return;
    }
    if (code != MPI_SUCCESS) wait_for_trouble(1);
    if (watch_ && watch_->in_trouble()) fail(operation, watch_->trouble());
    check("MPI_Test", code);
    if (!shared && polls % 64 != 0) continue;
    const auto waited = Clock::now() - began;
    if (waited > milliseconds(20))
      std::this_thread::sleep_for(std::chrono::microseconds(100));
    else if (shared || waited > milliseconds(1))
      std::this_thread::yield();
    if (limited && waited > std::chrono::duration<double>(stall_seconds_)) stalled(what);
  }
}

// MPI may notice that a rank has died before it is known which.
void Collectives::wait_for_trouble(int seconds) const {
  const std::int64_t until = Watch::now() + 1000 * seconds;
  while (watch_ && !watch_->in_trouble() && Watch::now() < until)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
}

void Collectives::stalled(const std::string& what) {
  std::vector<int> missing;
  if (watch_) {
    // One that has stopped within the call is noticed by its silence. Rank 0 knows of all ranks, and
    // the others only of it: they wait for its word.
    const std::int64_t since = Watch::now();
    const double patience = rank_ == 0 ? 4 : stall_seconds_ + 9;
    const std::int64_t until = since + static_cast<std::int64_t>(1000 * patience);
    while (missing.empty() && !watch_->in_trouble() && Watch::now() < until) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      missing = watch_->missing(calls_, since).value_or(std::vector<int>());
    }
    if (missing.empty() && watch_->in_trouble())
      fail(operation, watch_->trouble(), ": all waited for it in ", what);
  }
  std::string names;
  for (const int rank : missing) names += (names.empty() ? "" : ", ") + watch_->name(rank);
  if (!missing.empty()) watch_->give_up(missing[0]);
  fail(operation, missing.empty() ? "one of the ranks" : names, " has not come to ", what, " in ",
       stall_seconds_, " s");
}

}  // namespace plumb::distributed::detail
