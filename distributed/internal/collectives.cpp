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
#include "sockets.hpp"

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

// Ranges as MPI takes them.
struct Counts {
  explicit Counts(const std::vector<ByteRange>& ranges) {
    for (const ByteRange& range : ranges) {
      sizes.push_back(count(range.size));
      places.push_back(range.size == 0 ? 0 : count(range.begin));
    }
  }
  std::vector<int> sizes, places;
};

void fail_if(const std::string& trouble) {
  if (!trouble.empty()) fail(operation, trouble);
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

// `held`: what the calls that are under way read and write. Where one fails, other ranks may still read and
// write it, and it stays to the end of the process.
struct Collectives::Mpi {
  MPI_Comm all = MPI_COMM_NULL;
  std::vector<MPI_Request> requests;
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
    // Over TCP Open MPI asks the receiver before it sends more than 64 KiB: three delays in place of one. What is
    // larger it writes to the receiver's memory, which takes longer than to send it (docs/distributed.md).
    ::setenv("OMPI_MCA_btl_tcp_eager_limit", "4194304", /*overwrite=*/0);
    ::setenv("OMPI_MCA_btl_tcp_flags", "send,inplace", /*overwrite=*/0);
    int level = 0;
    check("MPI_Init_thread", MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &level));
    mpi_->started = true;
    // Open MPI asks this one about a call of another communicator.
    check("MPI_Comm_set_errhandler", MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN));
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
  // Once: the C library reads a file for this number.
  processors_shared_ = on_this_host_ > static_cast<int>(std::thread::hardware_concurrency());

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

// call(request) is one of MPI's that begin.
template <class Call>
void Collectives::start(const char* name, const Call& call) {
  if (state_ == State::failed) fail(operation, "nothing more can be exchanged: a call has failed");
  state_ = State::failed;
  check(name, call(&mpi_->requests.emplace_back(MPI_REQUEST_NULL)));
  state_ = State::started;
}

void Collectives::announce(const std::string& what) {
  if (watch_ && state_ == State::none) watch_->announce(calls_ + 1, what);
}

void Collectives::finish(const std::string& what) {
  if (state_ == State::none) return;
  wait_for(what);
  mpi_->held.clear();
}

void Collectives::start_all_to_all(const Tensor& out, const std::vector<ByteRange>& sent,
                                   const Tensor& in, const std::vector<ByteRange>& received) {
  if (size_ == 1) return;
  const auto& from = mpi_->hold(Tensor(out));
  auto& to = mpi_->hold(Tensor(in));
  const auto& give = mpi_->hold(Counts(sent));
  const auto& take = mpi_->hold(Counts(received));
  start("MPI_Ialltoallv", [&](MPI_Request* request) {
    return MPI_Ialltoallv(from.raw(), give.sizes.data(), give.places.data(), MPI_BYTE,
                          to.mutable_raw(), take.sizes.data(), take.places.data(), MPI_BYTE,
                          mpi_->all, request);
  });
  for (const ByteRange& range : sent) bytes_sent += static_cast<std::int64_t>(range.size);
}

void Collectives::start_all_gather(const Tensor& data, const std::vector<ByteRange>& parts) {
  if (size_ == 1) return;
  auto& whole = mpi_->hold(Tensor(data));
  const auto& counts = mpi_->hold(Counts(parts));
  start("MPI_Iallgatherv", [&](MPI_Request* request) {
    return MPI_Iallgatherv(MPI_IN_PLACE, 0, MPI_BYTE, whole.mutable_raw(), counts.sizes.data(),
                           counts.places.data(), MPI_BYTE, mpi_->all, request);
  });
  const std::size_t own = parts[static_cast<std::size_t>(rank_)].size;
  bytes_sent += static_cast<std::int64_t>(own) * (size_ - 1);
}

std::vector<std::uint64_t> Collectives::gather_words(const std::string& what,
                                                     const std::vector<std::uint64_t>& words) {
  if (size_ == 1) return words;
  const std::size_t size = words.size() * sizeof(std::uint64_t);
  std::vector<ByteRange> parts;
  for (std::size_t r = 0; r < static_cast<std::size_t>(size_); ++r)
    parts.push_back({r * size, size});
  std::vector<std::uint64_t> all(words.size() * parts.size());
  Tensor bytes = Tensor::empty({static_cast<std::int64_t>(size * parts.size())}, DType::uint8);
  std::memcpy(bytes.mutable_raw() + parts[static_cast<std::size_t>(rank_)].begin, words.data(),
              size);
  start_all_gather(bytes, parts);
  finish(what);
  std::memcpy(all.data(), bytes.raw(), bytes.bytes());
  return all;
}

std::vector<std::byte> Collectives::broadcast(const std::string& what,
                                              std::vector<std::byte> bytes) {
  if (size_ == 1) return bytes;
  announce(what);
  // Rank 0 too waits here for all, which MPI_Ibcast would not let it do.
  const std::uint64_t size = gather_words(what, {bytes.size()})[0];
  auto& all = mpi_->hold(std::move(bytes));
  const auto give = [&](void* data, std::size_t n) {
    start("MPI_Ibcast", [&](MPI_Request* request) {
      return MPI_Ibcast(data, count(n), MPI_BYTE, 0, mpi_->all, request);
    });
    wait_for(what);
  };
  all.resize(size);
  constexpr std::size_t most = std::size_t{1} << 30;
  for (std::size_t at = 0; at < all.size(); at += most)
    give(all.data() + at, std::min(most, all.size() - at));
  std::vector<std::byte> result = std::move(all);
  mpi_->held.clear();
  return result;
}

void Collectives::barrier(const std::string& what, bool limited) {
  if (size_ == 1) return;
  announce(what);
  start("MPI_Ibarrier", [&](MPI_Request* request) { return MPI_Ibarrier(mpi_->all, request); });
  wait_for(what, limited);
}

void Collectives::end() {
  if (size_ == 1) return;
  if (state_ == State::failed) fail(operation, "a call has failed");
  ends_ = true;
  if (watch_) watch_->end();
  while (watch_ && !watch_->all_have_ended()) {
    if (watch_->in_trouble()) fail(operation, watch_->trouble());
    // What others wait for may still have to leave this process.
    int any = 0;
    check("MPI_Iprobe",
          MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, mpi_->all, &any, MPI_STATUS_IGNORE));
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  barrier("the end", /*limited=*/false);
}

std::string Collectives::trouble_in(const std::string& what, bool thorough) const {
  if (!watch_) return {};
  const std::optional<int> ended = ends_ ? std::nullopt : watch_->ended_before(calls_);
  if (ended) return watch_->name(*ended) + " has ended while others wait for it in " + what;
  if (watch_->in_trouble()) return watch_->trouble();
  const std::string other = thorough ? watch_->elsewhere(calls_, what) : std::string();
  return other.empty() ? other : other + ", and " + watch_->name(rank_) + " in " + what;
}

void Collectives::wait_for(const std::string& what, bool limited) {
  using Clock = std::chrono::steady_clock;
  using std::chrono::milliseconds;
  state_ = State::failed;  // until it has come to its end
  ++calls_;
  if (watch_) watch_->came_to(calls_, what);
  const auto began = Clock::now();
  for (std::int64_t polls = 1;; ++polls) {
    int done = 0;
    const int code = MPI_Testall(static_cast<int>(mpi_->requests.size()), mpi_->requests.data(),
                                 &done, MPI_STATUSES_IGNORE);
    if (code == MPI_SUCCESS && done != 0) {
      if (watch_) watch_->went_on(calls_);
      mpi_->requests.clear();
      state_ = State::none;
      return;
    }
    if (code != MPI_SUCCESS) wait_for_trouble(what, 1);
    fail_if(trouble_in(what, code != MPI_SUCCESS));
    check("MPI_Testall", code);
    if (!processors_shared_ && polls % 64 != 0) continue;
    const auto waited = Clock::now() - began;
    if (waited > milliseconds(20)) {
      fail_if(trouble_in(what, /*thorough=*/true));
      std::this_thread::sleep_for(std::chrono::microseconds(100));
    } else if (processors_shared_ || waited > milliseconds(1)) {
      std::this_thread::yield();
    }
    if (limited && waited > std::chrono::duration<double>(stall_seconds_)) stalled(what);
  }
}

// MPI may notice that a rank has died before it is known which.
void Collectives::wait_for_trouble(const std::string& what, int seconds) const {
  const std::int64_t until = milliseconds_now() + 1000 * seconds;
  while (trouble_in(what, /*thorough=*/true).empty() && milliseconds_now() < until)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
}

void Collectives::stalled(const std::string& what) {
  std::vector<int> missing;
  if (watch_) {
    // One that has stopped within the call is noticed by its silence. Rank 0 knows of all ranks, and
    // the others only of it: they wait for its word.
    const std::int64_t since = milliseconds_now();
    const double patience = rank_ == 0 ? 4 : stall_seconds_ + 9;
    const std::int64_t until = since + static_cast<std::int64_t>(1000 * patience);
    while (missing.empty() && !watch_->in_trouble() && milliseconds_now() < until) {
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
