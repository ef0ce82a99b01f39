// StopRequest: SIGINT and SIGTERM as a question that a training loop asks between its steps.
#pragma once

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
/// A second signal ends the process at once, as if there were no StopRequest; within a quarter of a
/// second it counts as the first's echo, as timeout(1) sends one. A signal that was ignored before,
/// as under nohup, stays ignored. Handlers belong to the process: a second object
/// beside a living one is refused. To be made and destroyed on one thread; may be asked from any.
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

}  // namespace plumb
