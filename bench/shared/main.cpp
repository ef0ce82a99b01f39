// Both sides' program: runs the workload that the arguments name.
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <string>

#include "measure.hpp"
#include "workloads.hpp"

namespace {

const std::map<std::string, void (*)(std::int64_t)> workloads = {
    {"mlp", bench::mlp},
    {"tiny", bench::tiny},
    {"lenet", bench::lenet},
    {"cnn", bench::cnn},
    {"cnnbn", bench::cnn_bn},
    {"plain", bench::plain},
    {"momentum", bench::momentum},
    {"debiased", bench::debiased},
    {"accumulate", bench::accumulate},
    {"adam", bench::adam},
    {"lion", bench::lion},
    {"adamw", bench::adamw},
    {"nadam", bench::nadam},
    {"radam", bench::radam},
    {"muon", bench::muon},
    {"muon-products", bench::muon_products},
    {"mul", bench::mul},
    {"chain", bench::chain},
    {"loader", bench::loader},
    {"gpt", bench::gpt},
    {"embedding", bench::embedding},
    {"mel", bench::mel},
    {"lstm", bench::lstm},
    {"gru", bench::gru},
    {"converged-mlp", bench::converged_mlp},
    {"converged-cnn", bench::converged_cnn},
    {"decayed-adam", bench::decayed_adam},
};

// The file behind libopenblas, whatever path the linker took to it.
void print_blas() {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    const std::size_t path = line.find('/');
    if (path == std::string::npos || line.find("/libopenblas", path) == std::string::npos) continue;
    std::printf("blas %s\n", line.c_str() + path);
    return;
  }
}

}  // namespace

namespace bench {

void print_age() {
  const char* started = std::getenv("BENCH_STARTED_NS");
  if (started == nullptr) return;
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  const std::int64_t age = std::chrono::nanoseconds(now).count() - std::atoll(started);
  std::printf("first_step_ms %.3f\n", static_cast<double>(age) * 1e-6);
}

// Not getrusage: its maximum begins with what the parent held before exec.
void print_peak_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.rfind("VmHWM:", 0) == 0) std::printf("peak_kib %lld\n", std::atoll(line.c_str() + 6));
}

}  // namespace bench

int main(int argc, char** argv) {
  const std::string name = argc > 2 ? argv[1] : "";
  const std::size_t dash = name.rfind('-');
  const auto workload = workloads.find(name.substr(0, dash));
  if (workload == workloads.end() || dash == std::string::npos) {
    std::fprintf(stderr, "usage: %s WORKLOAD-SIZE THREADS [SECONDS]\nworkloads:", argv[0]);
    for (const auto& [known, run] : workloads) std::fprintf(stderr, " %s", known.c_str());
    std::fputc('\n', stderr);
    return 2;
  }
  if (argc > 3) bench::time_budget = std::atof(argv[3]);
  bench::set_threads(std::atoi(argv[2]));
  print_blas();
  workload->second(std::atoll(name.c_str() + dash + 1));
}
