#include "checks.hpp"

#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <set>
#include <string_view>

#include "forks.hpp"
#include "internal/fail.hpp"

namespace plumb {
namespace {

struct Told {
  Told() { detail::hold_over_forks(mutex); }

  std::mutex mutex;
  std::set<std::string, std::less<>> mistakes;
};

// Never destroyed: operations may run while static objects go.
Told& all() {
  static Told& told = *new Told;
  return told;
}

std::atomic<std::uint32_t> turn{0};

// The switch of the environment.
const bool switched = [] {
  const char* wanted = std::getenv("PLUMB_CHECK");
  if (wanted != nullptr && std::string_view(wanted) == "1") set_checks(true);
  return true;
}();

}  // namespace

void set_checks(bool on) {
  if (on) {
    const std::lock_guard<std::mutex> lock(all().mutex);
    all().mistakes.clear();
    ++turn;
  }
  if (detail::checks_on.exchange(on) != on) detail::observers += on ? 1 : -1;
}

std::uint32_t detail::checks_turn() { return turn; }

bool detail::told(const char* mistake) {
  const std::lock_guard<std::mutex> lock(all().mutex);
  return all().mistakes.count(std::string_view(mistake)) > 0;
}

void detail::tell(const char* mistake, const std::string& operation, const std::string& what) {
  {
    const std::lock_guard<std::mutex> lock(all().mutex);
    if (!all().mistakes.insert(mistake).second) return;
  }
  std::fputs(text("plumb: [", operation, "] ", what, "\n").c_str(), stderr);
}

}  // namespace plumb
