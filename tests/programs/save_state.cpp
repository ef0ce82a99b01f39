// save_state FILE VALUE saves a checkpoint whose tensors are full of VALUE; save_state FILE prints
// the value of a checkpoint, having compared all of it.
#include <cstdio>
#include <cstdlib>
#include <plumb/core.hpp>
#include <string>

using namespace plumb;

namespace {

// Enough for several writes: the pieces of a file are 256 KiB.
struct State {
  Tensor large = Tensor::zeros({100, 1500}), small = Tensor::zeros({3}, DType::float64);

  StateDict state_dict() const {
    StateDict state;
    state.set("large", large);
    state.set("small", small);
    return state;
  }
  void load_state_dict(const StateDict& state) {
    large.copy_from(state.tensor("large"));
    small.copy_from(state.tensor("small"));
  }
};

bool all_equal(const Tensor& x, double value) {
  for (const float element : x.to(DType::float32).to_vector<float>())
    if (element != static_cast<float>(value)) return false;
  return true;
}

int run(const std::string& path, const char* given) {
  State state;
  double value = 0;
  Checkpoint checkpoint;
  checkpoint.add("state", state);
  checkpoint.track("value", value);
  if (given != nullptr) {
    value = std::atof(given);
    state.large.fill(value);
    state.small.fill(value);
    checkpoint.save(path);
    return 0;
  }
  checkpoint.load(path);
  if (!all_equal(state.large, value) || !all_equal(state.small, value)) return 3;
  std::printf("%g\n", value);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) return 2;
  try {
    return run(argv[1], argc == 3 ? argv[2] : nullptr);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "save_state: %s\n", error.what());
    return 1;
  }
}
