// Collectives: the calls of MPI that an exchange is made of, each with a time limit and in words.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "../../core/tensor/tensor.hpp"
#include "watch.hpp"

namespace plumb::distributed::detail {

/// Bytes [begin, begin + size) of something.
struct ByteRange {
  std::size_t begin = 0, size = 0;
};

/// Every call waits for all ranks, and throws where one of them is lost or does not come; then so does every
/// later one. `what` names the call in errors: "the exchange of step 17".
class Collectives {
 public:
  explicit Collectives(double stall_seconds);
  /// Ends MPI where it was started here and all has gone well.
  ~Collectives();
  Collectives(const Collectives&) = delete;
  Collectives& operator=(const Collectives&) = delete;

  int rank() const { return rank_; }
  int size() const { return size_; }
  int on_this_host() const { return on_this_host_; }

  /// Starts a call: bytes sent[r] of `out` go to rank r, and received[s] of `in` come from rank s. Nothing goes from
  /// a rank to itself. Until finish() `out` stays as it is, and `in` is unspecified.
  void start_all_to_all(const Tensor& out, const std::vector<ByteRange>& sent, const Tensor& in,
                        const std::vector<ByteRange>& received);
  /// Starts a call: bytes parts[r] of `data` come from rank r.
  void start_all_gather(const Tensor& data, const std::vector<ByteRange>& parts);
  /// Lets others know what the next call is, so that an error can name it where they make another one. For calls that
  /// are not made in every step.
  void announce(const std::string& what);
  /// Waits for all that has been started.
  void finish(const std::string& what);

  /// The same number of words from each rank, in order of ranks.
  std::vector<std::uint64_t> gather_words(const std::string& what,
                                          const std::vector<std::uint64_t>& words);
  /// Rank 0's bytes; the number too comes from there.
  std::vector<std::byte> broadcast(const std::string& what, std::vector<std::byte> bytes);
  void barrier(const std::string& what) { barrier(what, /*limited=*/true); }
  /// Waits until all ranks are here, as long as one may take, and throws where one is lost. Whoever waits for this
  /// rank in another call is told that it has ended.
  void end();

  /// Tells the others that this rank has failed; from now on nothing is waited for.
  void abandon();

  int stop_signal = 0;
  std::int64_t bytes_sent = 0;

 private:
  struct Mpi;
  // Of the calls that have been started. Where one fails it is still under way for MPI: nothing may follow it.
  enum class State { none, started, failed };
  template <class Call>
  void start(const char* name, const Call& call);
  void barrier(const std::string& what, bool limited);
  // What keeps a rank from coming to this call, `what`, as far as it is known; empty: nothing.
  std::string trouble_in(const std::string& what, bool thorough) const;
  void wait_for_trouble(const std::string& what, int seconds) const;
  void wait_for(const std::string& what, bool limited = true);
  [[noreturn]] void stalled(const std::string& what);

  std::unique_ptr<Mpi> mpi_;
  double stall_seconds_;
  int rank_ = 0, size_ = 1, on_this_host_ = 1;
  bool processors_shared_ = false;  // by ranks of this host
  std::uint64_t calls_ = 0;
  State state_ = State::none;
  bool ends_ = false, abandoned_ = false;
  std::unique_ptr<Watch> watch_;
};

}  // namespace plumb::distributed::detail
