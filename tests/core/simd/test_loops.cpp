#include <doctest/doctest.h>

#include <plumb/core/tensor/operators.hpp>

#include "../../support/threads.hpp"

using namespace plumb;

namespace {

// a + 100 b by indices, for every broadcast of rank up to four.
double expected_at(const Tensor& a, const Tensor& b, const Shape& shape, std::int64_t flat) {
  const auto element = [&](const Tensor& x) {
    std::int64_t rest = flat, offset = 0, stride = 1;
    for (int axis = shape.rank() - 1; axis >= 0; --axis) {
      const std::int64_t index = rest % shape[axis];
      rest /= shape[axis];
      const int own = axis - (shape.rank() - x.rank());
      if (own < 0) continue;
      if (x.shape()[own] != 1) offset += index * stride;
      stride *= x.shape()[own];
    }
    return x.data<double>()[offset];
  };
  return element(a) + 100 * element(b);
}

Tensor counted(const Shape& shape) {
  return Tensor::arange(shape.numel(), DType::float64).reshape(shape);
}

}  // namespace

TEST_CASE("broadcasting: every combination of stretched axes gives what the indices say") {
  for (int mask = 0; mask < 256; ++mask) {
    Shape a, b;
    const std::int64_t sizes[] = {2, 3, 4, 5};
    for (int axis = 0; axis < 4; ++axis) {
      a.push_back(mask >> axis & 1 ? 1 : sizes[axis]);
      b.push_back(mask >> (axis + 4) & 1 ? 1 : sizes[axis]);
    }
    const Tensor x = counted(a), y = counted(b);
    const Tensor z = x + 100 * y;
    bool same = true;
    for (std::int64_t i = 0; i < z.numel(); ++i)
      same = same && z.data<double>()[i] == expected_at(x, y, z.shape(), i);
    CAPTURE(mask);
    CHECK(same);
  }
}

TEST_CASE("broadcasting: fewer axes, scalars and long rows") {
  const Tensor x = counted({3, 1, 4});
  for (const Shape& shape : {Shape{}, Shape{1}, Shape{4}, Shape{2, 1}, Shape{2, 3, 2, 1}}) {
    const Tensor y = counted(shape);
    const Tensor z = x + 100 * y;
    bool same = true;
    for (std::int64_t i = 0; i < z.numel(); ++i)
      same = same && z.data<double>()[i] == expected_at(x, y, z.shape(), i);
    CAPTURE(to_string(shape));
    CHECK(same);
  }
  const Tensor row = counted({100'000});
  const Tensor column = counted({3, 1});
  const Tensor z = row + 100 * column;
  CHECK(z.at({2, 99'999}) == 99'999 + 200);
  CHECK(z.at({1, 40'000}) == 40'000 + 100);
}

TEST_CASE("elementwise loops: the same bits for any number of threads") {
  const Tensor x = counted({300, 500}) / 7;
  const Tensor y = counted({300, 1}) / 3;
  std::vector<double> first;
  for (const int threads : test::thread_counts()) {
    const test::Threads scope(threads);
    const std::vector<double> now = (x * y + x / 3).to_vector<double>();
    if (first.empty()) first = now;
    CHECK(now == first);
  }
}
