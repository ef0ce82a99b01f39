#include "terminal_line.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "format.hpp"

// Open MPI's mpirun gives its processes terminals, whose output it passes on to anywhere.
TerminalLine::TerminalLine()
    : terminal_(isatty(STDOUT_FILENO) == 1 && std::getenv("OMPI_COMM_WORLD_SIZE") == nullptr) {}

void TerminalLine::draw(const std::string& line) {
  if (!terminal_) return;
  std::printf("\r\033[K%s", line.c_str());
  std::fflush(stdout);
  drawn_ = true;
}

void TerminalLine::clear() {
  if (drawn_) std::fputs("\r\033[K", stdout);
  drawn_ = false;
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
