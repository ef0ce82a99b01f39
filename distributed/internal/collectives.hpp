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

  /// Rank r gets parts[r] of every rank; result[s] is what rank s has sent here, of sizes[s] bytes.
  std::vector<std::vector<std::byte>> all_to_all(const std::string& what,
                                                 const std::vector<std::vector<std::byte>>& parts,
                                                 const std::vector<std::size_t>& sizes);
  /// Bytes [bounds[r], bounds[r + 1]) of data come from rank r.
  void all_gather(const std::string& what, const Tensor& data,
                  const std::vector<std::size_t>& bounds);
  /// The same number of words from each rank, in order of ranks.
  std::vector<std::uint64_t> gather_words(const std::string& what,
                                          const std::vector<std::uint64_t>& words);
  /// Rank 0's bytes; the number too comes from there.
  std::vector<std::byte> broadcast(const std::string& what, std::vector<std::byte> bytes);
  /// Before the end, ranks may wait as long as rank 0 has something left to print.
  void barrier(const std::string& what, bool limited = true);

  /// Tells the others that this rank has failed; from now on nothing is waited for.
  void abandon();

  int stop_signal = 0;
  std::int64_t bytes_sent = 0;

 private:
  struct Mpi;
  void begin(const std::string& what);
  void finish();
  void gather(const std::string& what, std::byte* data, const std::vector<std::size_t>& bounds);
  void wait_for_trouble(int seconds) const;
  void wait_for(const std::string& what, bool limited = true);
  [[noreturn]] void stalled(const std::string& what);

  std::unique_ptr<Mpi> mpi_;
  double stall_seconds_;
  int rank_ = 0, size_ = 1, on_this_host_ = 1;
  std::uint64_t calls_ = 0;
  bool failed_ = false;  // a call was begun and not finished
  bool abandoned_ = false;
  std::unique_ptr<Watch> watch_;
};

}  // namespace plumb::distributed::detail
