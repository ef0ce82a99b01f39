// StopRequest: SIGINT and SIGTERM as a question that a training loop asks between its steps.
#pragma once

#include <string>

#include "error.hpp"

namespace plumb {

/// While one lives, the first SIGINT (Ctrl-C) or SIGTERM is noted instead of ending the process:
///
///     StopRequest stop;
///     for (const data::Batch& batch : loader) {
///       train(batch);
///       if (stop.requested()) {
///         checkpoint.save(path);
///         return stop.exit_code();
///       }
///     }
///
/// A second signal ends the process at once. Within a quarter of a second of the first it is taken
/// for the same one: timeout(1) sends its signal twice. A signal that was ignored before, as under
/// nohup, stays ignored. Only one StopRequest may live at a time. Make and destroy it on one
/// thread; any thread may ask it.
class StopRequest {
 public:
  /// Throws "[StopRequest] ..." where one lives already.
  StopRequest();
  /// Puts the former handlers back, and forgets what was noted.
  ~StopRequest();
  StopRequest(const StopRequest&) = delete;
  StopRequest& operator=(const StopRequest&) = delete;

  /// Whether a signal has arrived.
  bool requested() const { return signal() != 0; }
  /// The signal that has arrived, SIGINT or SIGTERM; 0 for none.
  int signal() const;
  /// What a shell expects of a program that a signal ends: 130 after SIGINT, 143 after SIGTERM. 0
  /// where none has arrived.
  int exit_code() const { return requested() ? 128 + signal() : 0; }
};

/// Thrown by what was waiting, for the data of a pipe say, when a StopRequest noted a signal.
class Interrupted : public Error {
 public:
  Interrupted(const std::string& message, int exit_code) : Error(message), exit_code_(exit_code) {}
  /// That of the StopRequest.
  int exit_code() const { return exit_code_; }

 private:
  int exit_code_;
};

namespace detail {
// What the StopRequest that lives has noted; 0 where there is none.
int noted_signal();
}  // namespace detail

}  // namespace plumb
