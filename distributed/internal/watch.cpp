#include "watch.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <random>

#include "../../core/runtime/internal/fail.hpp"

namespace plumb::distributed::detail {
namespace {

constexpr int beat_milliseconds = 200;
constexpr int silent_milliseconds = 3000;
constexpr int connect_milliseconds = 2000;
constexpr int meeting_milliseconds = 10'000;
constexpr int gathering_milliseconds = 5000;

std::int64_t now() { return Watch::now(); }

struct Greeting {
  std::uint64_t token[2];
  std::uint64_t rank;
};

int make_socket() { return ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); }

bool ready(int socket, short what, std::int64_t until) {
  struct pollfd one = {socket, what, 0};
  const std::int64_t left = std::max<std::int64_t>(0, until - now());
  return ::poll(&one, 1, static_cast<int>(left)) == 1;
}

bool send_all(int socket, const void* bytes, std::size_t size, std::int64_t until) {
  const auto* from = static_cast<const char*>(bytes);
  while (size > 0) {
    const ssize_t sent = ::send(socket, from, size, MSG_NOSIGNAL);
    if (sent > 0) {
      from += sent;
      size -= static_cast<std::size_t>(sent);
    } else if ((errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) || now() >= until ||
               !ready(socket, POLLOUT, until)) {
      return false;
    }
  }
  return true;
}

bool receive_all(int socket, void* bytes, std::size_t size, std::int64_t until) {
  auto* to = static_cast<char*>(bytes);
  while (size > 0) {
    if (!ready(socket, POLLIN, until)) return false;
    const ssize_t received = ::recv(socket, to, size, 0);
    if (received <= 0) return false;
    to += received;
    size -= static_cast<std::size_t>(received);
  }
  return true;
}

// Of this host, the loopback last.
std::vector<std::uint32_t> own_addresses() {
  std::vector<std::uint32_t> found;
  struct ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return {htonl(INADDR_LOOPBACK)};
  for (const struct ifaddrs* one = all; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr || one->ifa_addr->sa_family != AF_INET) continue;
    if ((one->ifa_flags & IFF_UP) == 0 || (one->ifa_flags & IFF_LOOPBACK) != 0) continue;
    struct sockaddr_in address;
    std::memcpy(&address, one->ifa_addr, sizeof address);
    found.push_back(address.sin_addr.s_addr);
  }
  ::freeifaddrs(all);
  found.push_back(htonl(INADDR_LOOPBACK));
  return found;
}

// Whether what connect() began came to a connection: one that was refused is ready to write as well.
bool is_connected(int socket) {
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
}

// A connection to rank 0, or -1.
int reach(const Meeting& meeting, std::uint32_t where, int rank) {
  const int socket = make_socket();
  if (socket < 0) return -1;
  const std::int64_t until = now() + connect_milliseconds;
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

std::int64_t Watch::now() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
}

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
    : rank_(rank), names_(std::move(names)) {
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
  const std::int64_t until = now() + meeting_milliseconds;
  while (peers_.size() + 1 < names_.size() && ready(listening, POLLIN, until)) {
    const int socket = ::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (socket < 0) continue;
    Greeting greeting = {};
    const std::int64_t soon = now() + connect_milliseconds;
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
    peers_.back()->heard = now();
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
    peers_.back()->heard = now();
    return;
  }
}

std::string Watch::trouble() const {
  const std::lock_guard guard(lock_);
  return trouble_;
}

std::optional<std::vector<int>> Watch::missing(std::uint64_t call, std::int64_t since) const {
  std::vector<int> ranks;
  for (const auto& peer : peers_) {
    const std::int64_t heard = peer->heard;
    const bool silent = heard + silent_milliseconds < now();
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
  const std::int64_t until = now() + gathering_milliseconds;
  while (!gathered() && !in_trouble() && now() < until)
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
  std::int64_t next = now();
  while (!ending_) {
    if (now() >= next) {
      tell(Kind::here, rank_);
      next = now() + beat_milliseconds;
    }
    std::vector<struct pollfd> sockets = {{wake_[0], POLLIN, 0}};
    for (const auto& peer : peers_) sockets.push_back({peer->socket, POLLIN, 0});
    const std::int64_t wait = std::max<std::int64_t>(1, next - now());
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
  if (message.kind == Kind::here) {
    peer.progress = message.progress;
  } else if (message.kind == Kind::gathers) {
    peer.gathers = true;
  } else if (message.kind == Kind::all_gathered) {
    all_gathered_ = true;
  } else if (message.kind == Kind::left) {
    peer.left = true;
  } else {
    if (about == peer.rank) peer.left = true;  // it will not be there much longer
    lose(about, message.kind);
  }
  peer.heard = now();  // last: who reads it finds what was said
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
  const Message message = {kind, static_cast<std::uint32_t>(about), progress_};
  const std::lock_guard guard(lock_);
  // One that does not fit into the socket's buffer is lost, and with it a rank that reads nothing.
  for (const auto& peer : peers_)
    if (peer->socket >= 0)
      ::send(peer->socket, &message, sizeof message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace plumb::distributed::detail
