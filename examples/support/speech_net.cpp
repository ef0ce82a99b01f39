#include "speech_net.hpp"

#include <algorithm>
#include <cmath>
#include <string>

using namespace plumb;

namespace {

// [n, 1, frames, 1]: 1 for a clip's own frames, 0 behind them.
Tensor own_frames(const std::vector<std::int64_t>& lengths, std::int64_t frames) {
  const auto n = static_cast<std::int64_t>(lengths.size());
  Tensor mask = Tensor::zeros({n, 1, frames, 1});
  for (std::int64_t i = 0; i < n; ++i)
    std::fill_n(mask.mutable_data<float>() + i * frames, lengths[i], 1.f);
  return mask;
}

// [n, parts, frames]: matmul with it gives the means over parts of each clip, which overlap: frame t
// counts for a part the more, the nearer it is to the part's middle.
Tensor means(const std::vector<std::int64_t>& lengths, std::int64_t frames, std::int64_t parts) {
  const auto n = static_cast<std::int64_t>(lengths.size());
  Tensor result = Tensor::zeros({n, parts, frames});
  float* row = result.mutable_data<float>();
  for (const std::int64_t length : lengths)
    for (std::int64_t p = 0; p < parts; ++p, row += frames) {
      const auto weight = [&](std::int64_t t) {
        const double at = (static_cast<double>(t) + 0.5) / static_cast<double>(length);
        const double away = static_cast<double>(p) - at * static_cast<double>(parts - 1);
        return std::max(1e-3, 1 - std::abs(parts > 1 ? away : 0));
      };
      double sum = 0;
      for (std::int64_t t = 0; t < length; ++t) sum += weight(t);
      for (std::int64_t t = 0; t < length; ++t) row[t] = static_cast<float>(weight(t) / sum);
    }
  return result;
}

constexpr std::int64_t parts = 6;  // of a clip
constexpr std::int64_t hidden = 128;

}  // namespace

SpeechNet::SpeechNet(std::int64_t bands, std::int64_t classes, Generator& generator,
                     Generator dropout) {
  struct Sizes {
    std::int64_t channels, kernel, stride;
  };
  std::int64_t channels = 1;
  for (const Sizes& stage : {Sizes{16, 5, 1}, Sizes{32, 3, 2}, Sizes{64, 3, 2}}) {
    const std::string number = std::to_string(stages_.size());
    Conv2dOptions options;
    options.stride = {stage.stride, 2};
    options.padding = stage.kernel / 2;
    nn::Conv2d& convolution =
        add("convolution" + number,
            nn::Conv2d(channels, stage.channels, stage.kernel, generator, options));
    nn::BatchNorm2d& norm = add("norm" + number, nn::BatchNorm2d(stage.channels));
    stages_.push_back({convolution, norm, stage.stride});
    channels = stage.channels;
    bands = (bands + 1) / 2;
  }
  scores_ = &add("scores", nn::Sequential{nn::Dropout(0.3, dropout.fork()),
                                          nn::Linear(parts * bands * channels, hidden, generator),
                                          nn::ReLU(), nn::Dropout(0.3, dropout.fork()),
                                          nn::Linear(hidden, classes, generator)});
}

Variable SpeechNet::forward(const Variable& x) {
  return forward_padded(x, Tensor::full({x.dim(0)}, static_cast<double>(x.dim(1)), DType::int64));
}

Variable SpeechNet::forward_padded(const Variable& x, const Tensor& lengths) {
  if (!lengths.defined()) return forward(x);
  std::vector<std::int64_t> own = lengths.to_vector<std::int64_t>();
  const std::int64_t n = x.dim(0);
  const Variable level = mean(matmul(means(own, x.dim(1), 1), x), 2, KeepDims::yes);  // [n, 1, 1]
  Variable h = reshape(x - level, {n, 1, x.dim(1), x.dim(2)}) * own_frames(own, x.dim(1));
  for (Stage& stage : stages_) {
    for (std::int64_t& length : own) length = (length + stage.stride - 1) / stage.stride;
    h = relu(stage.norm(stage.convolution(h)));
    h = h * own_frames(own, h.dim(2));
  }
  h = reshape(permute(h, {0, 2, 1, 3}), {n, h.dim(2), -1});  // [n, frames, channels * bands]
  return (*scores_)(flatten(matmul(means(own, h.dim(1), parts), h), 1));
}
