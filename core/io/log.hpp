// Log: numbers over the steps of a run, as TensorBoard reads them and as CSV.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

namespace plumb {

/// Writes the numbers of a run to a folder: `scalars.csv` with a line "step,seconds,name,value" for each,
/// and beside it `events.out.tfevents.*`, the same as TensorBoard reads it (`tensorboard --logdir`), where
/// values are float32.
///
///   Log log("runs/first");
///   log.add("loss/train", step, loss.item());
///
/// A folder that has a log already is added to: the table goes on, and the events stand in a file of
/// their own. Where a run goes back to an earlier step, as one does that is resumed, both keep what they
/// have: TensorBoard shows the later run as one of its own or hides the earlier, and of equal steps in the
/// table the later line counts.
///
/// What was added stands in the files after flush(), which happens by itself every two seconds of adding and
/// in the destructor.
class Log {
 public:
  /// Makes the folder where there is none. Throws where it cannot be written to.
  explicit Log(const std::string& folder);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  /// The value of `name` after `step` steps; any number, NaN as well. Names are not empty and have neither
  /// quotes nor line breaks; what stands before a slash groups them. Throws for other names, and where a
  /// file cannot be written.
  void add(const std::string& name, std::int64_t step, double value);
  /// Throws where a file cannot be written.
  void flush();

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  using File = std::unique_ptr<std::FILE, Close>;
  void write(std::FILE* file, const std::string& bytes);
  void write_event(const std::string& fields);

  using Clock = std::chrono::steady_clock;
  std::string folder_;
  File table_, events_;
  Clock::time_point start_ = Clock::now(), flushed_ = start_;
};

}  // namespace plumb
