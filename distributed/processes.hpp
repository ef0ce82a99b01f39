// Processes: the ranks that mpirun has started, which of them this process is, and how they end together.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "../core/io/state_dict.hpp"

namespace plumb::distributed {

namespace detail {
class Collectives;
}

struct ProcessesOptions {
  /// After so long in which a rank does not come to what the others wait in, all end with an error
  /// that names it: above 0. It must be longer than the slowest rank takes from one step to the next,
  /// with what it does between them, a test or a checkpoint.
  double stall_seconds = 60;
};

/// All processes of one `mpirun`. Without mpirun it is this one alone. MPI is started where it is not
/// running yet, and ended by the destructor where it was started here. At most one may live at a time;
/// it is made, used and destroyed on one thread.
///
/// A rank that dies, ends with an error or before others are done with it, or stalls, ends the run: in the others, whatever waits for it
/// throws "[distributed] rank 2 (process 4711 on host) has died", and the program ends as after any error.
/// The same line goes to stderr at once, for mpirun may kill them before they have said anything. An
/// exception that leaves the scope of a Processes tells the others that this rank has failed; MPI is then
/// not ended properly, and mpirun kills who is left.
class Processes {
 public:
  /// Throws where MPI cannot be started, for options out of their ranges, and where mpirun has started
  /// several processes that do not see each other, as Open MPI's does with a program that was built
  /// with MPICH.
  explicit Processes(const ProcessesOptions& options = {});
  ~Processes();
  Processes(const Processes&) = delete;
  Processes& operator=(const Processes&) = delete;

  /// 0, ..., size() - 1.
  int rank() const;
  int size() const;
  /// Whether this is rank 0, which alone prints and saves.
  bool first() const { return rank() == 0; }
  /// How many of the ranks are on this host.
  int on_this_host() const;

  /// What rank 0 passes, on all ranks. Waits for all.
  StateDict broadcast(const StateDict& state);
  /// What each rank passes, in the order of ranks, on all of them. Waits for all.
  std::vector<StateDict> gather(const StateDict& state);
  /// Waits until all ranks are here.
  void wait();

  /// A signal that a StopRequest of any rank has noted, or 0: the same on all ranks, since they agree
  /// on it in every DataParallel::backward, and so stop after the same step.
  int stop_signal() const;
  /// Agrees on it now, between two steps. Waits for all.
  int agree_to_stop();

  /// Bytes that this rank has sent in exchanges so far.
  std::int64_t bytes_sent() const;

  detail::Collectives& collectives() & { return *collectives_; }

 private:
  std::unique_ptr<detail::Collectives> collectives_;
  int uncaught_;
};

/// Whether an mpirun has started this process, by the variables that it sets.
bool started_by_mpirun();

}  // namespace plumb::distributed
