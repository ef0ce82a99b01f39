// Watch: a thread of each rank that knows, beside MPI, which ranks live and how far they have come.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace plumb::distributed::detail {

/// Where rank 0 can be reached, and by whom: bytes that it makes and the others are given by MPI.
struct Meeting {
  std::uint64_t token[2] = {0, 0};   // who does not know it is sent away
  std::uint32_t port = 0;            // 0: there is none
  std::uint32_t addresses[16] = {};  // IPv4, as on the wire; 0: none
};

/// Every rank holds a connection to rank 0, which the system closes when one of the two processes is
/// gone, however it went. Through it each says five times a second which call of MPI it has come to, so
/// that rank 0 knows who is missing, and the others whether it is rank 0.
class Watch {
 public:
  /// Rank 0 begins to listen.
  static int listen(Meeting& meeting);

  /// `names` has a rank each, for messages. `listening` is rank 0's socket, which is taken over. Waits for all
  /// ranks for a few seconds; one that cannot be reached is not watched.
  Watch(int rank, std::vector<std::string> names, const Meeting& meeting, int listening);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  /// This rank has come to call number `call`.
  void came_to(std::uint64_t call) { call_.store(call, std::memory_order_relaxed); }
  /// What has happened to another rank: "rank 2 (process 4711 on host) has died"; empty: nothing.
  std::string trouble() const;
  bool in_trouble() const { return in_trouble_.load(std::memory_order_acquire); }
  /// The ranks that have not come to call number `call`, or say nothing any more, as far as is known
  /// here.
  std::vector<int> missing(std::uint64_t call) const;
  const std::string& name(int rank) const { return names_[static_cast<std::size_t>(rank)]; }
  /// Tells the others that a rank has been waited for in vain.
  void give_up(int rank);
  /// Ends the thread. The others are told that this rank ends well, or that it has failed.
  void leave(bool well);

 private:
  enum class Kind : std::uint32_t { here, left, failed, died, stalled };
  struct Message {
    Kind kind = Kind::here;
    std::uint32_t rank = 0;
    std::uint64_t call = 0;
  };
  struct Peer {
    int rank = 0;
    int socket = -1;
    std::atomic<std::uint64_t> call{0};
    std::atomic<std::int64_t> heard{0};  // when, in milliseconds
    bool left = false;
    std::size_t filled = 0;
    Message incoming;
  };

  void meet_as_first(const Meeting& meeting, int listening);
  void meet_first(const Meeting& meeting);
  void run();
  void hear(Peer& peer);
  void take(Peer& peer, const Message& message);
  void lose(int rank, Kind how);
  void tell(Kind kind, int about, std::uint64_t call);

  int rank_;
  std::vector<std::string> names_;
  std::vector<std::unique_ptr<Peer>> peers_;
  int wake_[2] = {-1, -1};
  std::atomic<std::uint64_t> call_{0};
  std::atomic<bool> in_trouble_{false};
  std::atomic<bool> ending_{false};
  mutable std::mutex lock_;  // of trouble_, and of sending
  std::string trouble_;
  std::thread thread_;
};

}  // namespace plumb::distributed::detail
