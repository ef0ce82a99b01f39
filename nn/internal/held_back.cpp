#include "held_back.hpp"

#include "../../core/kernels/release.hpp"
#include "../../core/runtime/floating_point.hpp"

namespace plumb::nn::detail {

template <class T>
void HeldBack::gate(const Tensor& before, Tensor& after, T* gradient, double weight) const {
  const T threshold = static_cast<T>(below_ * weight);
  const T* residual = before.data<T>();
  T* kept = after.mutable_data<T>();
  for (std::int64_t i = 0; i < after.numel(); ++i) {
    kept[i] = residual[i];
    kernel::release(kept[i], gradient[i], threshold);
  }
}

void HeldBack::gate(std::int64_t shard, std::size_t parameter, Tensor& gradients,
                    std::int64_t begin, std::int64_t size, double weight) {
  const plumb::detail::FloatingPointMode mode;
  const auto place = std::make_pair(shard, parameter);
  Tensor& residual = residuals_[place];
  if (!residual.defined() || residual.numel() != size || residual.dtype() != gradients.dtype())
    residual = Tensor::zeros({size}, gradients.dtype());
  Tensor& after = next_[place] = Tensor::empty({size}, gradients.dtype());
  if (gradients.dtype() == DType::float32)
    gate(residual, after, gradients.mutable_data<float>() + begin, weight);
  else
    gate(residual, after, gradients.mutable_data<double>() + begin, weight);
}

void HeldBack::keep() {
  for (auto& [place, residual] : next_) residuals_[place] = std::move(residual);
  next_.clear();
}

}  // namespace plumb::nn::detail
