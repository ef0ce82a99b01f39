#include "images.hpp"

#include "../core/runtime/internal/fail.hpp"

namespace plumb::data {

std::shared_ptr<const TensorDataset> LabelledImages::dataset(ImageLayout layout,
                                                             const ByteScaling& scaling) const {
  return std::make_shared<TensorDataset>(in_layout(images, layout), labels, scaling);
}

Tensor in_layout(const Tensor& images, ImageLayout layout) {
  if (!images.defined() || images.rank() != 3)
    fail("in_layout", "expected images [n, height, width], got ",
         images.defined() ? to_string(images.shape()) : "none");
  const std::int64_t n = images.dim(0), height = images.dim(1), width = images.dim(2);
  return images.reshape(layout == ImageLayout::flat ? Shape{n, height * width}
                                                    : Shape{n, 1, height, width});
}

}  // namespace plumb::data
