// Saving and loading 400 MB beside cp and fsync at the same place: bench/files, in the working
// folder. What checksums take is their time alone.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <plumb/core.hpp>
#include <plumb/core/io/internal/checksum.hpp>
#include <string>

#include "plumb/tensors.hpp"

using namespace plumb;

namespace {

constexpr std::int64_t tensors = 50, elements = 2'000'000;
constexpr std::int64_t bytes = 4 * tensors * elements;

StateDict make_state() {
  StateDict state;
  for (std::int64_t i = 0; i < tensors; ++i)
    state.set(errors::text("weight.", i),
              bench::values({elements}, static_cast<std::uint32_t>(i), 1));
  return state;
}

// Removes the files when the program ends.
struct Files {
  std::string state = "bench-files.safetensors", copy = "bench-files.copy";
  ~Files() {
    std::remove(state.c_str());
    std::remove(copy.c_str());
  }
};

template <class F>
void add(const std::string& name, F run) {
  benchmark::RegisterBenchmark(name.c_str(),
                               [run](benchmark::State& state) {
                                 for (auto _ : state) run();
                                 state.SetBytesProcessed(state.iterations() * bytes);
                               })
      ->UseRealTime()
      ->Unit(benchmark::kMillisecond);
}

void shell(const std::string& command) {
  if (std::system(command.c_str()) != 0) errors::fail("bench/files", "'", command, "' failed");
}

void run(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv))
    errors::fail("bench/files", "unknown arguments");
  const Files files;
  const StateDict state = make_state();
  save_safetensors(files.state, state);

  // Over an old file, as a run does that keeps its best; and to a new one.
  add("save/over", [&] { save_safetensors(files.state, state); });
  add("cp_fsync/over",
      [&] { shell("cp " + files.state + " " + files.copy + " && sync " + files.copy); });
  add("save/new", [&] {
    std::remove(files.copy.c_str());
    save_safetensors(files.copy, state);
  });
  add("cp_fsync/new", [&] {
    std::remove(files.copy.c_str());
    shell("cp " + files.state + " " + files.copy + " && sync " + files.copy);
  });
  // From the page cache, both.
  add("load", [&] { benchmark::DoNotOptimize(load_safetensors(files.state)); });
  add("checksum", [&] {
    detail::Checksum sum;
    for (std::int64_t i = 0; i < tensors; ++i)
      sum.add(state.tensor(errors::text("weight.", i)).data<float>(), 4 * elements);
    benchmark::DoNotOptimize(sum.hexadecimal());
  });
  benchmark::RunSpecifiedBenchmarks();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
