// Trace: every timed operation with its begin and end, as Chrome, Perfetto and speedscope draw them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace plumb {
namespace detail {
struct TraceRecorder;
}

/// While it lives, operations on all threads are recorded one by one, those of a Profile (profile.hpp):
///
///     Trace trace;
///     step();
///     trace.write("step.json");
///
/// What began and ended in its lifetime is in it. It keeps the first `limit` operations to end, in 32
/// bytes each that are asked for when it is made, and counts the others. Several may live at once. Where
/// neither a Trace nor a Profile lives, an operation reads one flag.
class Trace {
 public:
  /// As many operations as make a file of 25 MB.
  static constexpr std::int64_t usual_limit = 250'000;

  /// Throws where limit is below 1 or its memory is not to be had.
  explicit Trace(std::int64_t limit = usual_limit);
  ~Trace();
  Trace(const Trace&) = delete;
  Trace& operator=(const Trace&) = delete;

  /// How many operations it holds.
  std::int64_t size() const;
  /// How many ended when it was full.
  std::int64_t left_out() const;

  /// Writes a file in the JSON of Chrome's trace events, as PyTorch's export_chrome_trace does: a complete
  /// event for each operation, the earliest first, named "linear", "linear backward" or "SGD step", times
  /// in microseconds since the trace was made. Threads are numbered as they first end an operation under a
  /// trace. More may be written later. Throws where the file cannot be written.
  void write(const std::string& path) const;

 private:
  std::unique_ptr<detail::TraceRecorder> recorder_;
};

}  // namespace plumb
