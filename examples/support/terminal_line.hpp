// A line on a terminal that redraws itself; where stdout is no terminal, nothing is shown.
#pragma once

#include <string>
#include <vector>

class TerminalLine {
 public:
  TerminalLine();
  /// Removes the line.
  ~TerminalLine() { clear(); }
  TerminalLine(const TerminalLine&) = delete;
  TerminalLine& operator=(const TerminalLine&) = delete;

  /// Whether stdout is a terminal.
  bool shows() const { return terminal_; }
  /// `title`, a bar that is filled as far as the share in [0, 1] says, and what else there is to tell,
  /// the most wanted first.
  void draw(const std::string& title, double share, const std::vector<std::string>& facts);
  void clear();

 private:
  bool terminal_, drawn_ = false;
};

/// A line of draw() that fits into so many columns: the bar gives way, up to 30 wide, and then the last
/// facts.
std::string line_within(int columns, const std::string& title, double share,
                        const std::vector<std::string>& facts);

/// "[=====>    ]", filled as far as the share in [0, 1] says.
std::string progress_bar(double share, int width);

/// The time left as "ETA 4:05", from an hour on as "ETA 1:04:05".
std::string time_left(double seconds);
