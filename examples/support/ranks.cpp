#include "ranks.hpp"

#include <cstdio>
#include <cstdlib>
#include <plumb/core/runtime/error.hpp>

#ifdef PLUMB_DISTRIBUTED
#include <plumb/distributed.hpp>
#endif

using namespace plumb;

#ifdef PLUMB_DISTRIBUTED

struct Ranks::Processes {
  explicit Processes(double stall_seconds) : all({stall_seconds}) {}
  distributed::Processes all;
};

Ranks::Ranks(double stall_seconds) : processes_(std::make_unique<Processes>(stall_seconds)) {
  if (!first() && std::freopen("/dev/null", "w", stdout) == nullptr)
    throw Error("/dev/null cannot be written");
}

int Ranks::size() const { return processes_->all.size(); }
bool Ranks::first() const { return processes_->all.first(); }
int Ranks::on_this_host() const { return processes_->all.on_this_host(); }

std::unique_ptr<nn::ShardedGradient> Ranks::sharded(nn::Module& model, std::int64_t shards) const {
  distributed::DataParallelOptions options;
  options.shards = shards;
  return std::make_unique<distributed::DataParallel>(processes_->all, model, options);
}

data::LoaderPart Ranks::part(std::int64_t shards) const {
  const ShardRange mine = even_part(shards, size(), processes_->all.rank());
  return {shards, mine.begin, mine.end};
}

StateDict Ranks::broadcast(const StateDict& state) const {
  return processes_->all.broadcast(state);
}

std::vector<StateDict> Ranks::gather(const StateDict& state) const {
  return processes_->all.gather(state);
}

int Ranks::stop_signal() const { return processes_->all.stop_signal(); }
void Ranks::agree_to_stop() const { processes_->all.agree_to_stop(); }

#else

struct Ranks::Processes {};

Ranks::Ranks(double) {
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"}) {
    const char* value = std::getenv(name);
    if (value != nullptr && std::atoi(value) > 1)
      throw Error("mpirun has started several processes, but this program was built without MPI");
  }
}

int Ranks::size() const { return 1; }
bool Ranks::first() const { return true; }
int Ranks::on_this_host() const { return 1; }

std::unique_ptr<nn::ShardedGradient> Ranks::sharded(nn::Module& model, std::int64_t shards) const {
  return std::make_unique<nn::ShardedGradient>(model, shards);
}

data::LoaderPart Ranks::part(std::int64_t) const { return {}; }
StateDict Ranks::broadcast(const StateDict& state) const { return state; }
std::vector<StateDict> Ranks::gather(const StateDict& state) const { return {state}; }
int Ranks::stop_signal() const { return 0; }
void Ranks::agree_to_stop() const {}

#endif

Ranks::~Ranks() = default;

ShardRange Ranks::samples(std::int64_t shards, std::int64_t of_batch) const {
  const data::LoaderPart mine = part(shards);
  return {even_part(of_batch, mine.shards, mine.first).begin,
          even_part(of_batch, mine.shards, mine.last - 1).end};
}

bool Ranks::started_by_mpirun() {
  return std::getenv("OMPI_COMM_WORLD_SIZE") != nullptr || std::getenv("PMI_SIZE") != nullptr;
}
