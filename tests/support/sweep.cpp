#include "sweep.hpp"

#include <cstdlib>
#include <string_view>

namespace plumb::test {

Sweep sweep() {
  const char* named = std::getenv("PLUMB_SWEEP");
  const std::string_view name = named == nullptr ? "" : named;
  return name == "short" ? Sweep::brief : name == "full" ? Sweep::full : Sweep::quick;
}

int repetitions(int quick, int full) {
  if (sweep() == Sweep::full) return full;
  return sweep() == Sweep::brief ? (quick + 5) / 6 : quick;
}

}  // namespace plumb::test
