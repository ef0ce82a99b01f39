#include "modes.hpp"

namespace plumb {
namespace {

thread_local bool recording = true;
thread_local bool inspecting = false;

}  // namespace

bool grad_enabled() { return recording; }

NoGrad::NoGrad() : before_(recording) { recording = false; }
NoGrad::~NoGrad() { recording = before_; }

AnomalyMode::AnomalyMode() : before_(inspecting) { inspecting = true; }
AnomalyMode::~AnomalyMode() { inspecting = before_; }

bool detail::anomaly_enabled() { return inspecting; }

}  // namespace plumb
