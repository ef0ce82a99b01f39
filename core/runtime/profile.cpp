#include "profile.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

#include "checks.hpp"
#include "forks.hpp"
#include "internal/trace_recorder.hpp"

namespace plumb {
namespace {

using Clock = std::chrono::steady_clock;
using Key = std::pair<std::string, Phase>;

struct Totals {
  std::int64_t calls = 0;
  std::chrono::nanoseconds time{0};
  double bytes = 0;
  double flops = 0;
};

// Everything that was ever timed: a Profile is the difference of two moments.
struct Table {
  Table() { detail::hold_over_forks(mutex); }

  std::mutex mutex;
  std::map<Key, Totals> totals;  // nodes stay where they are
};

// Never destroyed: operations may run while static objects go.
Table& table() {
  static Table& table = *new Table;
  return table;
}

// A call that has not ended.
struct Open {
  std::pair<const Key, Totals>* row;  // of the table
  Clock::time_point start;
  std::chrono::nanoseconds inside{0};  // of operations within
  double bytes = 0;
  double flops = 0;
};

// Destructors of static objects run when the main thread's list is gone: what they do is not timed.
thread_local bool thread_is_ending = false;

struct OpenCalls : std::vector<Open> {
  ~OpenCalls() { thread_is_ending = true; }
};

thread_local OpenCalls open_calls;  // the innermost last

bool any_open() { return !thread_is_ending && !open_calls.empty(); }

std::vector<ProfileRow> all_rows() {
  const std::lock_guard<std::mutex> lock(table().mutex);
  std::vector<ProfileRow> rows;
  for (const auto& [key, totals] : table().totals)
    rows.push_back({key.first, key.second, totals.calls,
                    std::chrono::duration<double>(totals.time).count(), totals.bytes,
                    totals.flops});
  return rows;
}

// The one of PLUMB_PROFILE=1.
class ProgramProfile {
 public:
  ProgramProfile() {
    const char* wanted = std::getenv("PLUMB_PROFILE");
    if (wanted != nullptr && std::string_view(wanted) == "1") profile_.emplace();
  }
  ~ProgramProfile() {
    if (profile_) std::fputs(to_string(*profile_).c_str(), stderr);
  }

 private:
  std::optional<Profile> profile_;
};

const ProgramProfile program_profile;

}  // namespace

Profile::Profile() : before_(all_rows()) {
  ++detail::profiles_alive;
  ++detail::observers;
}

Profile::~Profile() {
  --detail::profiles_alive;
  --detail::observers;
}

std::vector<ProfileRow> Profile::rows() const {
  std::vector<ProfileRow> result;
  auto before = before_.begin();  // both are in the order of the table
  for (ProfileRow& row : all_rows()) {
    if (before != before_.end() && before->operation == row.operation &&
        before->phase == row.phase) {
      row.calls -= before->calls;
      row.seconds -= before->seconds;
      row.bytes -= before->bytes;
      row.flops -= before->flops;
      ++before;
    }
    if (row.calls > 0) result.push_back(std::move(row));
  }
  std::stable_sort(result.begin(), result.end(),
                   [](const ProfileRow& a, const ProfileRow& b) { return a.seconds > b.seconds; });
  return result;
}

bool Profiled::open(const char* operation, Phase phase) {
  if (thread_is_ending) return false;
  std::pair<const Key, Totals>* row;
  {
    const std::lock_guard<std::mutex> lock(table().mutex);
    row = &*table().totals.try_emplace({operation, phase}).first;
  }
  open_calls.push_back({row, Clock::now()});
  return true;
}

void Profiled::close() noexcept {
  const Open call = open_calls.back();
  const std::chrono::nanoseconds taken = Clock::now() - call.start;
  open_calls.pop_back();
  if (!open_calls.empty()) open_calls.back().inside += taken;
  const auto& [operation, phase] = call.row->first;
  if (detail::tracing()) detail::trace(operation, phase, call.start, taken);
  const std::lock_guard<std::mutex> lock(table().mutex);
  Totals& totals = call.row->second;
  ++totals.calls;
  totals.time += taken - call.inside;
  totals.bytes += call.bytes;
  totals.flops += call.flops;
}

void Profiled::add_bytes(std::size_t bytes) {
  if (any_open()) open_calls.back().bytes += static_cast<double>(bytes);
}

void Profiled::add_flops(double flops) {
  if (any_open()) open_calls.back().flops += flops;
}

// --- the table ----------------------------------------------------------------------------------

const char* detail::name_of(Phase phase) {
  switch (phase) {
    case Phase::forward:
      return "forward";
    case Phase::backward:
      return "backward";
    default:
      return "step";
  }
}

namespace {

std::string rate(double amount, double seconds) {
  if (amount <= 0 || seconds <= 0) return "-";
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.1f", amount / seconds * 1e-9);
  return buffer;
}

std::string line(const ProfileRow& row, int width, const char* phase, double all_seconds) {
  char buffer[160];
  std::snprintf(buffer, sizeof buffer, "  %-8s %9lld %11.3f %6.1f %% %11.2f %10.1f %7s %8s\n",
                phase, static_cast<long long>(row.calls), row.seconds * 1e3,
                all_seconds > 0 ? 100 * row.seconds / all_seconds : 0,
                row.calls > 0 ? row.seconds * 1e6 / static_cast<double>(row.calls) : 0,
                row.bytes * 1e-6, rate(row.bytes, row.seconds).c_str(),
                rate(row.flops, row.seconds).c_str());
  std::string result = row.operation;
  result.resize(static_cast<std::size_t>(width), ' ');
  return result + buffer;
}

}  // namespace

std::string to_string(const Profile& profile) {
  const std::vector<ProfileRow> rows = profile.rows();
  ProfileRow all;
  all.operation = "all";
  std::size_t width = 9;
  for (const ProfileRow& row : rows) {
    width = std::max(width, row.operation.size());
    all.calls += row.calls;
    all.seconds += row.seconds;
    all.bytes += row.bytes;
    all.flops += row.flops;
  }
  const int columns = static_cast<int>(width);
  std::string result = "operation";
  result.resize(width, ' ');
  result += "  phase        calls     time ms    share     us/call         MB    GB/s  GFLOP/s\n";
  for (const ProfileRow& row : rows)
    result += line(row, columns, detail::name_of(row.phase), all.seconds);
  return result + line(all, columns, "", all.seconds);
}

}  // namespace plumb
