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

}  // namespace plumb
