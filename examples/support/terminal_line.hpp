// A line on a terminal that redraws itself; where stdout is no terminal, nothing is shown.
#pragma once

#include <string>

class TerminalLine {
 public:
  TerminalLine();
  /// Removes the line.
  ~TerminalLine() { clear(); }
  TerminalLine(const TerminalLine&) = delete;
  TerminalLine& operator=(const TerminalLine&) = delete;

  /// Whether stdout is a terminal.
  bool shows() const { return terminal_; }
  void draw(const std::string& line);
  void clear();

 private:
  bool terminal_, drawn_ = false;
};

/// "[=====>    ]", filled as far as the share in [0, 1] says.
std::string progress_bar(double share, int width);

/// The time left as "ETA 4:05", from an hour on as "ETA 1:04:05".
std::string time_left(double seconds);
