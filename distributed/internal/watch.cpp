#include "watch.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <random>

#include "../../core/runtime/internal/fail.hpp"
#include "sockets.hpp"

namespace plumb::distributed::detail {
namespace {

constexpr int beat_milliseconds = 200;
constexpr int silent_milliseconds = 3000;
constexpr int connect_milliseconds = 2000;
constexpr int meeting_milliseconds = 10'000;
constexpr int gathering_milliseconds = 5000;

struct Greeting {
  std::uint64_t token[2];
  std::uint64_t rank;
};

// A connection to rank 0, or -1.
int reach(const Meeting& meeting, std::uint32_t where, int rank) {
  const int socket = make_socket();
  if (socket < 0) return -1;
  const std::int64_t until = milliseconds_now() + connect_milliseconds;
  struct sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = where;
  address.sin_port = htons(static_cast<std::uint16_t>(meeting.port));
  const Greeting greeting = {{meeting.token[0], meeting.token[1]},
                             static_cast<std::uint64_t>(rank)};
  std::uint64_t answer = 0;
  if ((::connect(socket, reinterpret_cast<const struct sockaddr*>(&address), sizeof address) == 0 ||
       (errno == EINPROGRESS && ready(socket, POLLOUT, until) && is_connected(socket))) &&
      send_all(socket, &greeting, sizeof greeting, until) &&
      receive_all(socket, &answer, sizeof answer, until) && answer == meeting.token[1])
    return socket;
  ::close(socket);
  return -1;
}

}  // namespace

int Watch::listen(Meeting& meeting) {
  std::random_device random;
  for (std::uint64_t& token : meeting.token)
    token = (std::uint64_t{random()} << 32) | std::uint64_t{random()};
  const int socket = make_socket();
  struct sockaddr_in address = {};
  address.sin_family = AF_INET;
  socklen_t size = sizeof address;
  auto* any = reinterpret_cast<struct sockaddr*>(&address);
  if (socket < 0 || ::bind(socket, any, sizeof address) != 0 || ::listen(socket, 1024) != 0 ||
      ::getsockname(socket, any, &size) != 0) {
    if (socket >= 0) ::close(socket);
    return -1;
  }
  meeting.port = ntohs(address.sin_port);
  const std::vector<std::uint32_t> own = own_addresses();
  const std::size_t count = std::min(own.size(), std::size(meeting.addresses));
  std::copy(own.end() - static_cast<std::ptrdiff_t>(count), own.end(), meeting.addresses);
  return socket;
}

Watch::Watch(int rank, std::vector<std::string> names, const Meeting& meeting, int listening)
    : rank_(rank), names_(std::move(names)), ended_(names_.size()) {
  if (::pipe2(wake_, O_CLOEXEC | O_NONBLOCK) != 0)
    fail("distributed", "no pipe for the thread that watches: ", std::strerror(errno));
  if (rank_ == 0)
    meet_as_first(meeting, listening);
  else
    meet_first(meeting);
  // Signals are the program's.
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { run(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Watch::~Watch() {
  if (thread_.joinable()) leave(false);
  for (const auto& peer : peers_)
    if (peer->socket >= 0) ::close(peer->socket);
  for (const int end : wake_)
    if (end >= 0) ::close(end);
}

void Watch::meet_as_first(const Meeting& meeting, int listening) {
  if (listening < 0) return;
  const std::int64_t until = milliseconds_now() + meeting_milliseconds;
  while (peers_.size() + 1 < names_.size() && ready(listening, POLLIN, until)) {
    const int socket = ::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (socket < 0) continue;
    Greeting greeting = {};
    const std::int64_t soon = milliseconds_now() + connect_milliseconds;
    if (!receive_all(socket, &greeting, sizeof greeting, soon) ||
        greeting.token[0] != meeting.token[0] || greeting.token[1] != meeting.token[1] ||
        greeting.rank == 0 || greeting.rank >= names_.size() ||
        !send_all(socket, &meeting.token[1], sizeof meeting.token[1], soon)) {
      ::close(socket);
      continue;
    }
    peers_.push_back(std::make_unique<Peer>());
    peers_.back()->rank = static_cast<int>(greeting.rank);
    peers_.back()->socket = socket;
    peers_.back()->heard = milliseconds_now();
  }
  ::close(listening);
}

void Watch::meet_first(const Meeting& meeting) {
  if (meeting.port == 0) return;
  for (const std::uint32_t address : meeting.addresses) {
    const int socket = address == 0 ? -1 : reach(meeting, address, rank_);
    if (socket < 0) continue;
    peers_.push_back(std::make_unique<Peer>());
    peers_.back()->socket = socket;
    peers_.back()->heard = milliseconds_now();
    return;
  }
}

Watch::Words Watch::words(const std::string& what) {
  Words words = {};
  std::copy_n(what.data(), std::min(what.size(), words.size() - 1), words.data());
  return words;
}

void Watch::came_to(std::uint64_t call, const std::string& what) {
  const std::lock_guard guard(lock_);
  what_ = words(what);
  progress_.store(2 * call + 1, std::memory_order_relaxed);
}

void Watch::announce(std::uint64_t call, const std::string& what) {
  came_to(call, what);
  tell(Kind::here, rank_);
}

std::string Watch::elsewhere(std::uint64_t call, const std::string& what) const {
  const Words own = words(what);
  const std::lock_guard guard(lock_);
  for (const auto& peer : peers_) {
    const bool waits = peer->progress == 2 * call + 1;
    for (const Call& made : peer->calls)
      if (made.number == call && made.what[0] != 0 && made.what != own)
        return name(peer->rank) + (waits ? " waits in " : " has been in ") + made.what.data();
  }
  return {};
}

void Watch::end() {
  beat_ = Kind::ended;
  tell(Kind::ended, rank_);
}

bool Watch::all_have_ended() {
  if (rank_ != 0) return peers_.empty() || all_ended_;
  for (const auto& peer : peers_) {
    const std::lock_guard guard(lock_);
    if (ended_[static_cast<std::size_t>(peer->rank)] == 0) return false;
  }
  beat_ = Kind::all_ended;
  tell(Kind::all_ended, rank_);
  return true;
}

std::optional<int> Watch::ended_before(std::uint64_t call) const {
  if (!any_ended_) return std::nullopt;
  const std::lock_guard guard(lock_);
  for (std::size_t rank = 0; rank < ended_.size(); ++rank)
    if (ended_[rank] != 0 && ended_[rank] <= 2 * call) return static_cast<int>(rank);
  return std::nullopt;
}

// Rank 0, who alone hears of all, tells the others.
void Watch::note_end(int rank, std::uint64_t progress) {
  {
    const std::lock_guard guard(lock_);
    std::uint64_t& ended = ended_[static_cast<std::size_t>(rank)];
    if (ended != 0) return;
    ended = std::max<std::uint64_t>(progress, 1);
    if (rank_ == 0) send({Kind::ended, static_cast<std::uint32_t>(rank), progress, {}});
  }
  any_ended_ = true;
}

std::string Watch::trouble() const {
  const std::lock_guard guard(lock_);
  return trouble_;
}

std::optional<std::vector<int>> Watch::missing(std::uint64_t call, std::int64_t since) const {
  std::vector<int> ranks;
  for (const auto& peer : peers_) {
    const std::int64_t heard = peer->heard;
    const bool silent = heard + silent_milliseconds < milliseconds_now();
    if (!silent && heard <= since + beat_milliseconds) return std::nullopt;
    const std::uint64_t progress = peer->progress;
    const bool waits = progress % 2 == 1;
    if (silent || (!waits && progress <= 2 * call)) ranks.push_back(peer->rank);
  }
  std::sort(ranks.begin(), ranks.end());
  return ranks;
}

void Watch::give_up(int rank) { lose(rank, Kind::stalled); }

void Watch::gather() {
  const std::size_t watched = rank_ == 0 ? names_.size() - 1 : 1;
  if (peers_.size() < watched) return;
  if (rank_ != 0) tell(Kind::gathers, rank_);
  const auto gathered = [&] {
    return rank_ != 0 ? all_gathered_.load()
                      : std::all_of(peers_.begin(), peers_.end(),
                                    [](const auto& peer) { return peer->gathers.load(); });
  };
  const std::int64_t until = milliseconds_now() + gathering_milliseconds;
  while (!gathered() && !in_trouble() && milliseconds_now() < until)
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  if (rank_ == 0) tell(Kind::all_gathered, rank_);
}

void Watch::leave(bool well) {
  tell(well ? Kind::left : Kind::failed, rank_);
  ending_ = true;
  const char byte = 0;
  [[maybe_unused]] const ssize_t written = ::write(wake_[1], &byte, 1);
  thread_.join();
}

void Watch::run() {
  std::int64_t next = milliseconds_now();
  while (!ending_) {
    if (milliseconds_now() >= next) {
      tell(beat_, rank_);
      next = milliseconds_now() + beat_milliseconds;
    }
    std::vector<struct pollfd> sockets = {{wake_[0], POLLIN, 0}};
    for (const auto& peer : peers_) sockets.push_back({peer->socket, POLLIN, 0});
    const std::int64_t wait = std::max<std::int64_t>(1, next - milliseconds_now());
    if (::poll(sockets.data(), sockets.size(), static_cast<int>(wait)) <= 0) continue;
    for (std::size_t i = 0; i < peers_.size(); ++i)
      if (sockets[i + 1].revents != 0) hear(*peers_[i]);
  }
}

void Watch::hear(Peer& peer) {
  for (;;) {
    auto* to = reinterpret_cast<char*>(&peer.incoming) + peer.filled;
    const ssize_t received = ::recv(peer.socket, to, sizeof(Message) - peer.filled, 0);
    if (received < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (received <= 0) break;
    peer.filled += static_cast<std::size_t>(received);
    if (peer.filled < sizeof(Message)) continue;
    peer.filled = 0;
    take(peer, peer.incoming);
  }
  {
    const std::lock_guard guard(lock_);
    ::close(peer.socket);
    peer.socket = -1;  // which poll passes over
  }
  if (!peer.left) lose(peer.rank, Kind::died);
}

void Watch::take(Peer& peer, const Message& message) {
  const int about = static_cast<int>(message.rank);
  if (about < 0 || about >= static_cast<int>(names_.size())) return;
  if (message.kind <= Kind::all_ended && about == peer.rank) {
    const std::lock_guard guard(lock_);
    peer.progress = message.progress;
    const std::uint64_t call = message.progress == 0 ? 0 : (message.progress - 1) / 2;
    if (peer.calls[peer.last].number != call) peer.last = (peer.last + 1) % peer.calls.size();
    peer.calls[peer.last] = {call, message.what};
  }
  switch (message.kind) {
    case Kind::here:
      break;
    case Kind::ended:
      note_end(about, message.progress);
      break;
    case Kind::all_ended:
      all_ended_ = true;
      break;
    case Kind::gathers:
      peer.gathers = true;
      break;
    case Kind::all_gathered:
      all_gathered_ = true;
      break;
    case Kind::left:
      peer.left = true;
      break;
    default:
      if (about == peer.rank) peer.left = true;  // it will not be there much longer
      lose(about, message.kind);
  }
  peer.heard = milliseconds_now();  // last: who reads it finds what was said
}

// The first loss is the one to tell of: others follow from it.
void Watch::lose(int rank, Kind how) {
  {
    const std::lock_guard guard(lock_);
    if (!trouble_.empty()) return;
    trouble_ = name(rank) + (how == Kind::died     ? " has died"
                             : how == Kind::failed ? " has ended with an error"
                                                   : " has stalled");
  }
  in_trouble_.store(true, std::memory_order_release);
  // mpirun may kill this process before its other thread comes to say it. Who has lost rank 0 cannot
  // know which of them will live so long.
  if (how == Kind::died && (rank_ == 0 || rank == 0)) {
    const std::string line = "[distributed] " + trouble() + "\n";
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
  }
  if (rank_ == 0) tell(how, rank);
}

void Watch::tell(Kind kind, int about) {
  const std::lock_guard guard(lock_);
  send({kind, static_cast<std::uint32_t>(about), progress_, what_});
}

// To be called with the lock held, so that a call's number and words go together.
void Watch::send(const Message& message) {
  // One that does not fit into the socket's buffer is lost, and with it a rank that reads nothing.
  for (const auto& peer : peers_)
    if (peer->socket >= 0)
      ::send(peer->socket, &message, sizeof message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace plumb::distributed::detail
