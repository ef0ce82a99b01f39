// Switches of the calling thread: whether operations are recorded, whether gradients are inspected.
#pragma once

namespace plumb {

/// Whether operations on this thread are recorded for backward. True unless a NoGrad is alive.
bool grad_enabled();

/// While it lives, operations on this thread are not recorded. Nests; restored after exceptions.
class NoGrad {
 public:
  NoGrad();
  ~NoGrad();
  NoGrad(const NoGrad&) = delete;
  NoGrad& operator=(const NoGrad&) = delete;

 private:
  bool before_;
};

/// While it lives, a backward pass on this thread stops with an error at the first operation whose
/// rule makes a gradient that is NaN or infinite, and names it. Reads every gradient once more.
class AnomalyMode {
 public:
  AnomalyMode();
  ~AnomalyMode();
  AnomalyMode(const AnomalyMode&) = delete;
  AnomalyMode& operator=(const AnomalyMode&) = delete;

 private:
  bool before_;
};

namespace detail {
bool anomaly_enabled();
}

}  // namespace plumb
