// Tasks that are small enough for a test.
#pragma once

#include <cstdint>
#include <plumb/examples/studies/comparison/task.hpp>
#include <string>

namespace plumb::test {

/// A task of that name whose training set has so many samples.
inline comparison::Task small_task(const std::string& name, std::int64_t samples = 300) {
  comparison::TaskOptions options;
  options.name = name;
  options.samples = samples;
  return comparison::make_task(options);
}

/// For a run that nobody stops.
inline bool always() { return true; }

}  // namespace plumb::test
