// A step of every update rule in which the n-th request for memory and all behind it fail, for
// n = 1, 2, ... until the step succeeds: each time no value, no state and no version has changed.
// Prints how many there were; exits 1 where one of these does not hold.
#include <cstdio>
#include <cstdlib>
#include <new>
#include <plumb/core.hpp>
#include <plumb/optim.hpp>
#include <string>

#include "../optim/sign_descent.hpp"

using namespace plumb;

namespace {

long allowed = -1;  // requests until they fail; below 0: any number

bool refused() {
  if (allowed > 0) --allowed;
  return allowed == 0;
}

}  // namespace

// The pool's only way to memory.
extern "C" void* aligned_alloc(std::size_t alignment, std::size_t bytes) noexcept {
  void* block = nullptr;
  return !refused() && ::posix_memalign(&block, alignment, bytes) == 0 ? block : nullptr;
}

// Not inline: g++ would compare malloc with delete, and warn.
__attribute__((noinline)) void* operator new(std::size_t bytes) {
  void* block = refused() ? nullptr : std::malloc(bytes == 0 ? 1 : bytes);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}
__attribute__((noinline)) void operator delete(void* block) noexcept { std::free(block); }
__attribute__((noinline)) void operator delete(void* block, std::size_t) noexcept {
  std::free(block);
}

namespace {

// Two parameters of each floating type.
Parameters parameters() {
  Parameters all;
  for (const DType dtype : {DType::float32, DType::float64})
    for (const std::int64_t size : {5, 2000}) {
      Variable value = Variable::leaf(Tensor::full({size}, 2, dtype));
      value.set_grad(Tensor::full({size}, 0.5, dtype));
      all.push_back({errors::text("p", std::uint64_t{all.size()}), value});
    }
  return all;
}

// All that a step changes.
std::string bits(const optim::Optimizer& optimizer, const Parameters& parameters) {
  const StateDict kept = optimizer.state_dict();
  std::string all;
  const auto add = [&](const Tensor& x) {
    all.append(reinterpret_cast<const char*>(x.raw()), x.bytes());
  };
  for (const Parameter& p : parameters) {
    add(p.variable.value());
    all += errors::text(" ", std::uint64_t{p.variable.value().version()}, " ");
  }
  for (const auto& [name, tensor] : kept.tensors()) add(tensor);
  for (const auto& [name, scalar] : kept.scalars())
    if (const auto* number = std::get_if<double>(&scalar)) all += errors::text(name, *number);
  return all;
}

// Fails the n-th request of a step; whether the step succeeded. Throws where it changed something
// although it failed.
bool step_with(optim::Optimizer& optimizer, const Parameters& parameters, long n) {
  const std::string before = bits(optimizer, parameters);
  bool failed = false;
  allowed = n;
  try {
    optimizer.step();
  } catch (const std::exception&) {
    failed = true;
  }
  allowed = -1;
  if (failed && bits(optimizer, parameters) != before)
    errors::fail(optimizer.name(), "request ", n, " failed, and the step has changed something");
  return !failed;
}

// One of each floating type.
Parameters matrices() {
  Parameters all;
  for (const DType dtype : {DType::float32, DType::float64}) {
    Variable value = Variable::leaf(Tensor::full({4, 3}, 2, dtype));
    value.set_grad(Tensor::full({4, 3}, 0.5, dtype));
    all.push_back({errors::text("m", std::uint64_t{all.size()}), value});
  }
  return all;
}

void run(optim::Optimizer& optimizer, const Parameters& all) {
  for (const char* what : {"states begin", "states go on"}) {
    long n = 1;
    while (!step_with(optimizer, all, n)) ++n;
    std::printf("%s, %s: %ld requests failed\n", optimizer.name().c_str(), what, n - 1);
    if (n < 3) errors::fail(optimizer.name(), "too few requests to be all");
  }
}

template <class Rule>
void run(const char* name, const typename Rule::Options& options = {}) {
  std::printf("%s:\n", name);
  const Parameters all = parameters();
  Rule optimizer(all, options);
  run(optimizer, all);
}

}  // namespace

int main() try {
  memory_pool::set_limit(0);  // every block from the system, every time
  optim::SGD::Options sgd = optim::SGD::debiased(0.1, 0.9);
  run<optim::SGD>("SGD", sgd);
  sgd.accumulate_below = 0.25;
  sgd.max_wait = 2;
  run<optim::SGD>("SGD with residuals", sgd);
  optim::Adam::Options adam;
  adam.amsgrad = true;
  run<optim::Adam>("Adam", adam);
  run<optim::AdamW>("AdamW");
  optim::RMSprop::Options rmsprop;
  rmsprop.centered = true;
  rmsprop.momentum = 0.9;
  run<optim::RMSprop>("RMSprop", rmsprop);
  run<optim::Adagrad>("Adagrad");
  optim::Lion::Options lion;
  lion.debias = true;
  run<optim::Lion>("Lion", lion);
  run<optim::NAdam>("NAdam");
  run<optim::NAdamW>("NAdamW");
  run<optim::RAdam>("RAdam");
  run<optim::AdEMAMix>("AdEMAMix");
  run<optim::LAMB>("LAMB");
  run<optim::LARS>("LARS");
  run<optim::ScheduleFreeSGD>("ScheduleFreeSGD");
  run<optim::ScheduleFreeAdamW>("ScheduleFreeAdamW");
  run<optim::Prodigy>("Prodigy");
  run<test::SignDescent>("SignDescent");
  {
    Parameters all = parameters();
    for (const Parameter& p : matrices()) all.push_back(p);
    optim::Combined combined(
        all, {{optim::is_matrix, optim::by<optim::Muon>()},
              {[](const Parameter& p) { return p.name == "p0"; }, optim::by<optim::Prodigy>()},
              {optim::any_parameter, optim::by<optim::AdamW>()}});
    run(combined, all);
  }
  const Parameters sides = matrices();
  optim::SOAP::Options soap;
  soap.precondition_frequency = 1;
  optim::SOAP optimizer(sides, soap);
  run(optimizer, sides);
  run(optimizer, sides);
} catch (const Error& error) {
  std::printf("%s\n", error.what());
  return 1;
}
