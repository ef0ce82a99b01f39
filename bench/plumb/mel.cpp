// plumb's log-mel features.
#include <plumb/core/signal/log_mel.hpp>
#include <vector>

#include "../shared/workloads.hpp"
#include "tensors.hpp"

using namespace plumb;

namespace bench {

void mel(std::int64_t sounds) {
  const LogMel features;
  std::vector<Tensor> all;
  for (std::int64_t i = 0; i < sounds; ++i) {
    Tensor& sound = all.emplace_back(Tensor::empty({mel_samples}));
    fill(sound.mutable_data<float>(), mel_samples, static_cast<std::uint32_t>(i), 0.5);
  }
  double sum = 0;
  for (const float value : features(all.front()).to_vector<float>()) sum += value;
  check(sum);
  time([&] {
    for (const Tensor& sound : all) features(sound);
  });
}

}  // namespace bench
