// libtorch's log-mel features: stft of all sounds at once, its fastest form.
#include "../shared/workloads.hpp"
#include "tensors.hpp"

namespace bench {

void mel(std::int64_t sounds) {
  const torch::NoGradGuard no_grad;
  constexpr std::int64_t points = 256, window = 200, hop = 80, bands = 40;
  // The window stands in the middle of the points: so many zeros in front, and behind to fill frames.
  constexpr std::int64_t front = (points - window) / 2;
  constexpr std::int64_t frames = 1 + (mel_samples - window + hop - 1) / hop;
  constexpr std::int64_t behind = (frames - 1) * hop + points - mel_samples - front;
  std::vector<torch::Tensor> all;
  for (std::int64_t i = 0; i < sounds; ++i)
    all.push_back(values({mel_samples}, static_cast<std::uint32_t>(i), 0.5));
  const torch::Tensor x = torch::stack(all);
  const torch::Tensor hann = torch::hann_window(window);
  std::vector<float> heights = mel_triangles();
  const torch::Tensor triangles = torch::from_blob(heights.data(), {bands, points / 2 + 1});
  const auto features = [&](const torch::Tensor& samples) {
    const torch::Tensor spectrum =
        torch::stft(torch::constant_pad_nd(samples, {front, behind}), points, hop, window, hann,
                    /*normalized=*/false, /*onesided=*/true, /*return_complex=*/true);
    const torch::Tensor power = torch::view_as_real(spectrum).square().sum(-1);
    return torch::log(torch::matmul(triangles, power) + 1e-6);
  };
  check(features(x.slice(0, 0, 1)).to(torch::kDouble).sum().item<double>());
  time([&] { features(x); });
}

}  // namespace bench
