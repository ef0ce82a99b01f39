#include "draw.hpp"

#include <malloc.h>

#include <algorithm>
#include <plumb/core/runtime/pool.hpp>

namespace plumb::test {

std::int64_t Draw::size(std::int64_t most) {
  const std::int64_t limit = std::min(most, of<std::int64_t>({4, 20, 70, most}));
  if (limit < 3 || chance(40)) return between(1, std::max<std::int64_t>(1, limit));
  const std::int64_t factor = of<std::int64_t>({2, 4, 8, 12, 14, 16, 32, 48, 64, 256, 512, 1024});
  return std::clamp<std::int64_t>(factor + between(-1, 1), 1, limit);
}

Shape Draw::shape(int rank, std::int64_t elements) {
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(rank), 1);
  // In a random order, so that the long axis is not always the first.
  for (int left = rank; left > 0; --left) {
    std::int64_t axis = between(0, left - 1);
    for (std::int64_t& size : sizes) {
      if (size != 1 || axis-- > 0) continue;
      size = -this->size(elements);
      elements /= -size;
      break;
    }
  }
  Shape shape;
  for (const std::int64_t size : sizes) shape.push_back(size < 0 ? -size : size);
  return shape;
}

Tensor Draw::values(const Shape& shape, DType dtype, double low, double high) {
  Tensor x = Tensor::empty(shape, DType::float32);
  generator_.fill_uniform(x, low, high);
  return dtype == DType::float32 ? x : x.to(dtype);
}

// glibc fills what it hands out with the complement of the byte: 0xfefe... is a large number.
FreshMemory::FreshMemory() {
  memory_pool::set_limit(0);
  mallopt(M_PERTURB, 1);
}

FreshMemory::~FreshMemory() {
  mallopt(M_PERTURB, 0);
  memory_pool::set_limit(std::size_t{2} << 30);
}

double tolerance(DType dtype) { return dtype == DType::float32 ? 4e-6 : 1e-13; }

}  // namespace plumb::test
