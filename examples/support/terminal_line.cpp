#include "terminal_line.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "format.hpp"

namespace {

int columns_of_terminal() {
  winsize size{};
  const bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

}  // namespace

// Open MPI's mpirun gives its processes terminals, whose output it passes on to anywhere.
TerminalLine::TerminalLine()
    : terminal_(isatty(STDOUT_FILENO) == 1 && std::getenv("OMPI_COMM_WORLD_SIZE") == nullptr) {}

void TerminalLine::draw(const std::string& title, double share,
                        const std::vector<std::string>& facts) {
  if (!terminal_) return;
  // Some terminals go to the next line after the last column.
  const std::string line = line_within(columns_of_terminal() - 1, title, share, facts);
  std::printf("\r\033[K%s", line.c_str());
  std::fflush(stdout);
  drawn_ = true;
}

void TerminalLine::clear() {
  if (drawn_) std::fputs("\r\033[K", stdout);
  drawn_ = false;
}

std::string line_within(int columns, const std::string& title, double share,
                        const std::vector<std::string>& facts) {
  constexpr std::size_t widest = 30, narrowest = 4, ends = 3;  // "[", ">" and "]"
  const auto room = static_cast<std::size_t>(std::max(columns, 0));
  std::string begin = title.empty() ? "" : title + " ", end;
  for (const std::string& fact : facts)
    if (begin.size() + narrowest + ends + end.size() + 2 + fact.size() <= room) end += "  " + fact;
  const std::size_t taken = begin.size() + ends + end.size();
  const std::size_t width = std::clamp(room - std::min(room, taken), narrowest, widest);
  return (begin + progress_bar(share, static_cast<int>(width)) + end).substr(0, room);
}

std::string progress_bar(double share, int width) {
  const int filled = static_cast<int>(std::clamp(share, 0.0, 1.0) * width);
  return "[" + std::string(static_cast<std::size_t>(filled), '=') + ">" +
         std::string(static_cast<std::size_t>(width - filled), ' ') + "]";
}

std::string time_left(double seconds) {
  constexpr double century = 3e9;  // beyond what is worth telling, and within a long
  const auto whole = static_cast<long>(std::clamp(seconds, 0.0, century));
  const long hours = whole / 3600, minutes = whole / 60 % 60;
  return hours > 0 ? format("ETA %ld:%02ld:%02ld", hours, minutes, whole % 60)
                   : format("ETA %ld:%02ld", minutes, whole % 60);
}
