#include "trace.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <mutex>
#include <set>
#include <vector>

#include "forks.hpp"
#include "internal/fail.hpp"
#include "internal/trace_recorder.hpp"

namespace plumb {
namespace {

using Clock = std::chrono::steady_clock;

// From 1, in the order in which threads come here.
std::int32_t thread_number() {
  static std::atomic<std::int32_t> threads{0};
  thread_local const std::int32_t number = ++threads;
  return number;
}

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

// With all nanoseconds, in any locale.
std::string microseconds(std::int64_t nanoseconds) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "%lld.%03lld", static_cast<long long>(nanoseconds / 1000),
                static_cast<long long>(nanoseconds % 1000));
  return digits;
}

// As a JSON string holds it.
std::string escaped(const std::string& plain) {
  std::string out;
  for (const unsigned char c : plain) {
    char code[8];
    std::snprintf(code, sizeof code, "\\u%04x", static_cast<unsigned>(c));
    const bool special = c == '"' || c == '\\' || c < ' ';
    out += special ? code : std::string(1, static_cast<char>(c));
  }
  return out;
}

}  // namespace

namespace detail {

struct TraceRecorder {
  struct Event {
    const std::string* operation;
    std::int64_t start, taken;  // nanoseconds, from the beginning of the trace
    std::int32_t thread;
    Phase phase;
  };
  static_assert(sizeof(Event) == 32);

  explicit TraceRecorder(std::int64_t limit_) : limit(static_cast<std::size_t>(limit_)) {
    events.reserve(limit);
  }

  const Profile timed;  // so that operations are
  const Clock::time_point start = Clock::now();
  const std::size_t limit;
  std::vector<Event> events;
  std::int64_t left_out = 0;

  void add(const Event& event) {
    if (event.start < 0) return;
    if (events.size() < limit)
      events.push_back(event);
    else
      ++left_out;
  }
};

}  // namespace detail

namespace {

// All that live. The mutex also guards what they hold.
struct Recorders {
  Recorders() { detail::hold_over_forks(mutex); }

  std::mutex mutex;
  std::vector<detail::TraceRecorder*> all;
};

// Never destroyed: operations may run while static objects go.
Recorders& recorders() {
  static Recorders& recorders = *new Recorders;
  return recorders;
}

}  // namespace

void detail::trace(const std::string& operation, Phase phase, Clock::time_point start,
                   std::chrono::nanoseconds taken) noexcept {
  const std::int32_t thread = thread_number();
  const std::lock_guard<std::mutex> lock(recorders().mutex);
  for (TraceRecorder* each : recorders().all)
    each->add({&operation, std::chrono::nanoseconds(start - each->start).count(), taken.count(),
               thread, phase});
}

Trace::Trace(std::int64_t limit) {
  if (limit < 1) fail("Trace", "the limit must be at least 1, got ", limit);
  try {
    recorder_ = std::make_unique<detail::TraceRecorder>(limit);
  } catch (const std::exception&) {  // bad_alloc, length_error
    fail("Trace", "no memory for ", limit, " operations");
  }
  const std::lock_guard<std::mutex> lock(recorders().mutex);
  recorders().all.push_back(recorder_.get());
  ++detail::traces_alive;
}

Trace::~Trace() {
  const std::lock_guard<std::mutex> lock(recorders().mutex);
  --detail::traces_alive;
  std::vector<detail::TraceRecorder*>& all = recorders().all;
  all.erase(std::find(all.begin(), all.end(), recorder_.get()));
}

std::int64_t Trace::size() const {
  const std::lock_guard<std::mutex> lock(recorders().mutex);
  return static_cast<std::int64_t>(recorder_->events.size());
}

std::int64_t Trace::left_out() const {
  const std::lock_guard<std::mutex> lock(recorders().mutex);
  return recorder_->left_out;
}

// --- the file -----------------------------------------------------------------------------------

void Trace::write(const std::string& path) const {
  using Event = detail::TraceRecorder::Event;
  std::vector<Event> events;
  {
    const std::lock_guard<std::mutex> lock(recorders().mutex);
    events = recorder_->events;
  }
  // What is around others ends after them, so stands behind them: of equal times it comes first.
  std::reverse(events.begin(), events.end());
  std::stable_sort(events.begin(), events.end(), [](const Event& a, const Event& b) {
    return a.start != b.start ? a.start < b.start : a.taken > b.taken;
  });
  std::set<std::int32_t> threads;
  for (const Event& event : events) threads.insert(event.thread);

  const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "wb"));
  if (!file) fail("Trace", path, ": ", std::strerror(errno));
  const int process = ::getpid();
  // The format: "Trace Event Format" of the Chromium project. X: an operation, M: a name.
  std::fprintf(file.get(),
               "{\"displayTimeUnit\": \"ms\", \"traceEvents\": [\n"
               "{\"ph\": \"M\", \"name\": \"process_name\", \"pid\": %d, \"tid\": 0, "
               "\"args\": {\"name\": \"plumb\"}}",
               process);
  for (const std::int32_t thread : threads)
    std::fprintf(file.get(),
                 ",\n{\"ph\": \"M\", \"name\": \"thread_name\", \"pid\": %d, \"tid\": %d, "
                 "\"args\": {\"name\": \"thread %d\"}}",
                 process, thread, thread);
  for (const Event& event : events) {
    const std::string phase = detail::name_of(event.phase);
    const std::string name =
        escaped(*event.operation) + (event.phase == Phase::forward ? "" : " " + phase);
    std::fprintf(file.get(),
                 ",\n{\"ph\": \"X\", \"name\": \"%s\", \"cat\": \"%s\", \"ts\": %s, \"dur\": %s, "
                 "\"pid\": %d, \"tid\": %d}",
                 name.c_str(), phase.c_str(), microseconds(event.start).c_str(),
                 microseconds(event.taken).c_str(), process, event.thread);
  }
  std::fputs("\n]}\n", file.get());
  if (std::fflush(file.get()) != 0 || std::ferror(file.get()) != 0)
    fail("Trace", path, ": ", std::strerror(errno));
}

}  // namespace plumb
