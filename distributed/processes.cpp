#include "processes.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <vector>

#include "../core/runtime/internal/fail.hpp"
#include "../core/runtime/stop_request.hpp"
#include "internal/collectives.hpp"
#include "internal/packing.hpp"

namespace plumb::distributed {
namespace {

double checked(const ProcessesOptions& options) {
  if (!(options.stall_seconds > 0))
    fail("Processes", "stall_seconds must be above 0, got ", options.stall_seconds);
  return options.stall_seconds;
}

}  // namespace

Processes::Processes(const ProcessesOptions& options)
    : collectives_(std::make_unique<detail::Collectives>(checked(options))),
      uncaught_(std::uncaught_exceptions()) {}

Processes::~Processes() {
  if (std::uncaught_exceptions() > uncaught_) {
    collectives_->abandon();
    return;
  }
  try {
    collectives_->end();
  } catch (const std::exception&) {
    collectives_->abandon();
  }
}

int Processes::rank() const { return collectives_->rank(); }
int Processes::size() const { return collectives_->size(); }
int Processes::on_this_host() const { return collectives_->on_this_host(); }

StateDict Processes::broadcast(const StateDict& state) {
  if (size() == 1) return state;
  std::vector<std::byte> bytes;
  if (first()) bytes = detail::pack(state);
  return detail::unpack(collectives_->broadcast("a broadcast of rank 0", std::move(bytes)));
}

std::vector<StateDict> Processes::gather(const StateDict& state) {
  if (size() == 1) return {state};
  const std::string what = "a gathering of all ranks";
  const std::vector<std::byte> own = detail::pack(state);
  std::vector<detail::ByteRange> parts;
  std::size_t end = 0;
  collectives_->announce(what);
  for (const std::uint64_t size : collectives_->gather_words(what, {own.size()})) {
    parts.push_back({end, static_cast<std::size_t>(size)});
    end += parts.back().size;
  }
  Tensor all = Tensor::empty({static_cast<std::int64_t>(end)}, DType::uint8);
  std::byte* const bytes = all.mutable_raw();
  std::copy(own.begin(), own.end(), bytes + parts[static_cast<std::size_t>(rank())].begin);
  collectives_->start_all_gather(all, parts);
  collectives_->finish(what);
  std::vector<StateDict> states;
  for (const detail::ByteRange& part : parts)
    states.push_back(
        detail::unpack(std::vector<std::byte>(bytes + part.begin, bytes + part.begin + part.size)));
  return states;
}

void Processes::wait() { collectives_->barrier("a barrier"); }

int Processes::stop_signal() const { return collectives_->stop_signal; }

int Processes::agree_to_stop() {
  const auto own = static_cast<std::uint64_t>(plumb::detail::noted_signal());
  for (const std::uint64_t signal : collectives_->gather_words("whether to stop", {own}))
    if (signal != 0) collectives_->stop_signal = static_cast<int>(signal);
  return collectives_->stop_signal;
}

std::int64_t Processes::bytes_sent() const { return collectives_->bytes_sent; }

bool started_by_mpirun() {
  return std::getenv("OMPI_COMM_WORLD_SIZE") != nullptr || std::getenv("PMI_SIZE") != nullptr;
}

}  // namespace plumb::distributed
