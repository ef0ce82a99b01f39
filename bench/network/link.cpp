// The network between the namespaces of bench/network/run: link GBIT_PER_S DELAY_MS MTU NAMESPACE...
// It opens a device "link0" in each namespace, prints "ready" once they are there, and from then on hands on
// packets: each leaves its host at the given rate, arrives after the delay, and takes the rate once more of
// the host that it goes to where others go there too. The last byte of an address is the host, from 1. netem
// does the same, but not every kernel has it.
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace {

constexpr std::size_t most_queued = 64 << 20;  // bytes of a host: more than its sockets hold

using Bytes = std::unique_ptr<char[]>;

struct Packet {
  std::int64_t due;  // nanoseconds
  std::size_t to, size;
  Bytes bytes;
};

struct Host {
  int device = -1;
  std::int64_t sent = 0;      // when it has got rid of its last packet
  std::int64_t received = 0;  // when the last one to it is there
  std::size_t queued = 0;
  std::deque<Packet> queue;
};

[[noreturn]] void stop(const std::string& what) {
  std::fprintf(stderr, "link: %s: %s\n", what.c_str(), std::strerror(errno));
  std::exit(1);
}

std::int64_t now() {
  timespec time = {};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * std::int64_t{1'000'000'000} + time.tv_nsec;
}

int open_device(const std::string& space) {
  const std::string path = "/var/run/netns/" + space;
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0 || ::setns(file, CLONE_NEWNET) != 0) stop(path);
  ::close(file);
  const int device = ::open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
  ifreq request = {};
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  std::strcpy(request.ifr_name, "link0");
  if (device < 0 || ::ioctl(device, TUNSETIFF, &request) != 0) stop("/dev/net/tun");
  return device;
}

class Network {
 public:
  Network(double gbit, double delay_ms, std::size_t mtu)
      : per_byte_(8 / gbit), delay_(static_cast<std::int64_t>(delay_ms * 1e6)), mtu_(mtu) {}

  void add(int device) {
    hosts_.emplace_back();
    hosts_.back().device = device;
  }

  [[noreturn]] void run() {
    for (;;) {
      deliver();
      std::vector<pollfd> devices;
      for (const Host& host : hosts_) devices.push_back({host.device, POLLIN, 0});
      const std::int64_t left = std::max<std::int64_t>(0, next() - now());
      const timespec wait = {static_cast<time_t>(left / 1'000'000'000),
                             static_cast<long>(left % 1'000'000'000)};
      if (::ppoll(devices.data(), devices.size(), &wait, nullptr) <= 0) continue;
      for (std::size_t i = 0; i < hosts_.size(); ++i)
        if (devices[i].revents != 0) take(hosts_[i]);
    }
  }

 private:
  std::int64_t next() const {
    std::int64_t first = now() + 1'000'000'000;
    for (const Host& host : hosts_)
      if (!host.queue.empty()) first = std::min(first, host.queue.front().due);
    return first;
  }

  // What the host sends now.
  void take(Host& host) {
    for (;;) {
      if (spare_.empty()) spare_.push_back(std::make_unique<char[]>(mtu_));
      Bytes& bytes = spare_.back();
      const ssize_t size = ::read(host.device, bytes.get(), mtu_);
      if (size < 20) return;
      if (bytes[0] >> 4 != 4) continue;
      const auto to = static_cast<std::size_t>(static_cast<unsigned char>(bytes[19])) - 1;
      if (to >= hosts_.size() || host.queued > most_queued) continue;
      const auto takes = static_cast<std::int64_t>(per_byte_ * static_cast<double>(size));
      host.sent = std::max(host.sent, now()) + takes;
      Host& other = hosts_[to];
      other.received = std::max(host.sent, other.received + takes);
      host.queued += static_cast<std::size_t>(size);
      host.queue.push_back(
          {other.received + delay_, to, static_cast<std::size_t>(size), std::move(bytes)});
      spare_.pop_back();
    }
  }

  void deliver() {
    for (Host& host : hosts_)
      while (!host.queue.empty() && host.queue.front().due <= now()) {
        Packet& packet = host.queue.front();
        if (::write(hosts_[packet.to].device, packet.bytes.get(), packet.size) < 0 &&
            errno != EAGAIN)
          stop("a packet");
        host.queued -= packet.size;
        spare_.push_back(std::move(packet.bytes));
        host.queue.pop_front();
      }
  }

  double per_byte_;  // nanoseconds
  std::int64_t delay_;
  std::size_t mtu_;
  std::vector<Bytes> spare_;  // what packets have left is still in the cache for the next
  std::deque<Host> hosts_;  // which never moves one
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fputs("usage: link GBIT_PER_S DELAY_MS MTU NAMESPACE...\n", stderr);
    return 2;
  }
  Network network(std::atof(argv[1]), std::atof(argv[2]),
                  static_cast<std::size_t>(std::atoll(argv[3])));
  for (int i = 4; i < argc; ++i) network.add(open_device(argv[i]));
  // Before whatever else wants a processor: a packet is not to wait for one.
  sched_param first = {};
  first.sched_priority = 10;
  if (::sched_setscheduler(0, SCHED_FIFO, &first) != 0) std::perror("link: no real time");
  std::puts("ready");
  std::fflush(stdout);
  network.run();
}
