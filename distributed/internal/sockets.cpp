#include "sockets.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

namespace plumb::distributed::detail {

std::int64_t milliseconds_now() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
}

int make_socket() { return ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); }

bool ready(int socket, short what, std::int64_t until) {
  struct pollfd one = {socket, what, 0};
  const std::int64_t left = std::max<std::int64_t>(0, until - milliseconds_now());
  return ::poll(&one, 1, static_cast<int>(left)) == 1;
}

bool send_all(int socket, const void* bytes, std::size_t size, std::int64_t until) {
  const auto* from = static_cast<const char*>(bytes);
  while (size > 0) {
    const ssize_t sent = ::send(socket, from, size, MSG_NOSIGNAL);
    if (sent > 0) {
      from += sent;
      size -= static_cast<std::size_t>(sent);
    } else if ((errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) ||
               milliseconds_now() >= until || !ready(socket, POLLOUT, until)) {
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

bool is_connected(int socket) {
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
}

}  // namespace plumb::distributed::detail
