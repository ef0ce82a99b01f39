// How far tests go through what is random or only repeats.
#pragma once

namespace plumb::test {

/// By $PLUMB_SWEEP: "short" under the sanitizers, whose unoptimized code is slow; "full" by hand; else quick.
enum class Sweep { brief, quick, full };
Sweep sweep();

/// `quick` repetitions, `full` with a full sweep, and a sixth of the quick ones with a brief one.
int repetitions(int quick, int full);
inline int repetitions(int quick) { return repetitions(quick, quick); }

}  // namespace plumb::test
