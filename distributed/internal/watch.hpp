// Watch: a thread of each rank that knows, beside MPI, which ranks live and how far they have come.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
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
/// gone, however it went. Through it each says five times a second which call of MPI it waits in, or
/// has behind it, so that rank 0 knows who is missing, and the others whether it is rank 0.
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

  /// This rank has come to call number `call`, which is `what`, and waits in it.
  void came_to(std::uint64_t call, const std::string& what);
  /// It will be in that call, and the others are told at once, so that they know it also when that call is over for
  /// this rank before its next beat.
  void announce(std::uint64_t call, const std::string& what);
  /// It has that call behind it.
  void went_on(std::uint64_t call) { progress_.store(2 * call + 2, std::memory_order_relaxed); }
  /// A rank that is known here to have made something else its call number `call`: "rank 2 (process 4711 on host)
  /// waits in the exchange of step 17"; empty: none.
  std::string elsewhere(std::uint64_t call, const std::string& what) const;
  /// This rank has made its last call but for that of the end.
  void end();
  /// Whether all ranks that are watched have.
  bool all_have_ended();
  /// A rank that has ended well, and has not been in call number `call`.
  std::optional<int> ended_before(std::uint64_t call) const;
  /// What has happened to another rank: "rank 2 (process 4711 on host) has died"; empty: nothing.
  std::string trouble() const;
  bool in_trouble() const { return in_trouble_.load(std::memory_order_acquire); }
  /// The ranks that are known here to be elsewhere than in call number `call`, or say nothing any more. One
  /// that waits in an earlier call waits for another itself. None until each has been heard for longer than a
  /// beat behind `since`, a time of milliseconds_now(): until then it may have come, and not said so.
  std::optional<std::vector<int>> missing(std::uint64_t call, std::int64_t since) const;
  const std::string& name(int rank) const { return names_[static_cast<std::size_t>(rank)]; }
  /// Tells the others that a rank has been waited for in vain.
  void give_up(int rank);
  /// Waits, outside of MPI, until all ranks are here, or one is lost, or for some seconds. Returns at once where
  /// some are not watched.
  void gather();
  /// Ends the thread. The others are told that this rank ends well, or that it has failed.
  void leave(bool well);

 private:
  enum class Kind : std::uint32_t {
    here,
    ended,
    all_ended,
    gathers,
    all_gathered,
    left,
    failed,
    died,
    stalled
  };
  // What a call is, in words that may be cut.
  using Words = std::array<char, 64>;
  struct Message {
    Kind kind = Kind::here;
    std::uint32_t rank = 0;
    std::uint64_t progress = 0;
    Words what = {};
  };
  static Words words(const std::string& what);
  struct Call {
    std::uint64_t number = 0;
    Words what = {};
  };
  struct Peer {
    int rank = 0;
    int socket = -1;
    std::atomic<std::uint64_t> progress{0};
    std::array<Call, 4> calls = {};      // the last that it has told of, in turn
    std::size_t last = 0;                // of them
    std::atomic<std::int64_t> heard{0};  // when, in milliseconds
    std::atomic<bool> gathers{false};
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
  void note_end(int rank, std::uint64_t progress);
  void tell(Kind kind, int about);
  void send(const Message& message);

  int rank_;
  std::vector<std::string> names_;
  std::vector<std::unique_ptr<Peer>> peers_;
  int wake_[2] = {-1, -1};
  std::atomic<std::uint64_t> progress_{0};  // odd in a call, even between two
  Words what_ = {};
  std::atomic<Kind> beat_{Kind::here};
  std::atomic<bool> any_ended_{false}, all_ended_{false};
  std::vector<std::uint64_t> ended_;  // a rank's progress at its end; 0: it has not ended
  std::atomic<bool> in_trouble_{false};
  std::atomic<bool> all_gathered_{false};
  std::atomic<bool> ending_{false};
  mutable std::mutex lock_;  // of trouble_, ended_ and all words, and of sending
  std::string trouble_;
  std::thread thread_;
};

}  // namespace plumb::distributed::detail
