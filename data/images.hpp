// Grey images with class labels, as MNIST and the synthetic digits are.
#pragma once

#include <memory>

#include "tensor_dataset.hpp"

namespace plumb::data {

/// The shape in which images reach the model.
enum class ImageLayout {
  flat,      ///< [n, height * width], for fully connected layers
  channels,  ///< [n, 1, height, width], for convolutions
};

/// Images as bytes with their class labels.
struct LabelledImages {
  Tensor images;  ///< uint8 [n, height, width]
  Tensor labels;  ///< uint8 [n]

  /// The same images as a dataset, sharing their memory. Batches are x: float32 (or as `scaling`
  /// says) in the given layout; y: int64 [n].
  std::shared_ptr<const TensorDataset> dataset(ImageLayout layout = ImageLayout::flat,
                                               const ByteScaling& scaling = {}) const;
};

/// Images [n, height, width] as a view in the given layout.
Tensor in_layout(const Tensor& images, ImageLayout layout);

}  // namespace plumb::data
