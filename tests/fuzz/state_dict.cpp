// State dicts that fit a run but for what the input changes: loading takes them or changes nothing,
// and the run can go on.
#include <cstring>
#include <plumb/plumb.hpp>

#include "../support/bits.hpp"
#include "../training/run.hpp"
#include "input.hpp"

using namespace plumb;

namespace {

// The input, a number at a time; zeros behind its end.
class Numbers {
 public:
  Numbers(const std::uint8_t* bytes, std::size_t count) : bytes_(bytes), left_(count) {}
  bool empty() const { return left_ == 0; }
  std::uint64_t take(int bytes) {
    std::uint64_t value = 0;
    for (; bytes > 0 && left_ > 0; --bytes, --left_) value = value << 8 | *bytes_++;
    return value;
  }

 private:
  const std::uint8_t* bytes_;
  std::size_t left_;
};

double as_double(std::uint64_t bits) {
  double value;
  static_assert(sizeof value == sizeof bits);
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

Tensor some_tensor(Numbers& numbers) {
  Shape shape;
  for (std::uint64_t rank = numbers.take(1) % 5; rank > 0; --rank)
    shape.push_back(static_cast<std::int64_t>(numbers.take(1) % 8));
  Tensor x = Tensor::zeros(shape, static_cast<DType>(numbers.take(1) % 4));
  if (x.numel() > 0 && is_floating(x.dtype())) x.fill(as_double(numbers.take(8)));
  return x;
}

// Gives one entry, new or old, another value.
void change(StateDict& state, const std::vector<std::string>& names, Numbers& numbers) {
  std::string name = names[numbers.take(1) % names.size()];
  if (const std::uint64_t cut = numbers.take(1); cut < name.size()) name.resize(cut);
  switch (numbers.take(1) % 6) {
    case 0:
      return state.set(name, static_cast<std::int64_t>(numbers.take(8)));
    case 1:
      return state.set(name, as_double(numbers.take(8)));
    case 2:
      return state.set(name, numbers.take(1) % 2 == 1);
    case 3:
      return state.set(name, std::string(numbers.take(1), 'x'));
    case 4:
      return state.set(name, Tensor());
    default:
      return state.set(name, some_tensor(numbers));
  }
}

// Loading changes the run into exactly what `state` says, or not at all.
void load(test::Run& run, const StateDict& state) {
  const auto bits = [&] {
    const StateDict now = run.checkpoint.state_dict();
    return std::make_pair(test::bits(now), now.scalars());
  };
  const auto before = bits();
  bool refused = false;
  fuzz::refuse_or_load("Checkpoint", [&] {
    refused = true;
    run.checkpoint.load_state_dict(state);
    refused = false;
  });
  const auto after = bits();
  if (refused) fuzz::require(after == before);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t count) {
  static test::Run& run = *new test::Run(0);
  static const StateDict start = [] {
    run.train(2);
    return run.checkpoint.state_dict().clone();
  }();
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const auto& [name, tensor] : start.tensors()) all.push_back(name);
    for (const auto& [name, scalar] : start.scalars()) all.push_back(name);
    return all;
  }();
  Numbers numbers(input, count);
  StateDict state = start;
  while (!numbers.empty()) change(state, names, numbers);
  load(run, state);
  fuzz::refuse_or_load("DataLoader", [] {
    run.step = 0;
    run.train(1);
  });
  run.checkpoint.load_state_dict(start);
  return 0;
}
