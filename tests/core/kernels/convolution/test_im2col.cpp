#include <doctest/doctest.h>

#include <plumb/core/kernels/convolution/im2col.hpp>
#include <plumb/core/runtime/random.hpp>

using namespace plumb;
using kernel::ConvolutionSizes;
using kernel::Tile;

namespace {

// One image [c, h, w] with 1, 2, 3, ... and a kernel [kh, kw] with the windows that fit.
struct Problem {
  Tensor image;
  ConvolutionSizes sizes;

  Problem(const Shape& shape, Size2d kernel, Size2d result, const kernel::Windows& windows)
      : image(Tensor::empty({1, shape[0], shape[1], shape[2]})),
        sizes(image.shape(), {1, shape[0], kernel.height, kernel.width},
              {1, 1, result.height, result.width}, windows) {
    float next = 0;
    float* values = image.mutable_data<float>();
    for (std::int64_t i = 0; i < image.numel(); ++i) values[i] = ++next;
  }

  std::vector<float> columns(const Tile& tile) const {
    std::vector<float> result(static_cast<std::size_t>(sizes.column() * tile.positions()), -1);
    kernel::im2col(sizes, tile, image.data<float>(), result.data());
    return result;
  }
  std::vector<float> columns() const {
    return columns({0, sizes.result.height, 0, sizes.result.width});
  }
};

}  // namespace

TEST_CASE("im2col: a row for each element of the kernel, a column for each position") {
  const Problem plain({1, 3, 3}, {2, 2}, {2, 2}, {});
  CHECK(plain.columns() == std::vector<float>{1, 2, 4, 5, 2, 3, 5, 6, 4, 5, 7, 8, 5, 6, 8, 9});
  const Problem two_channels({2, 1, 3}, {1, 2}, {1, 2}, {});
  CHECK(two_channels.columns() == std::vector<float>{1, 2, 2, 3, 4, 5, 5, 6});
}

TEST_CASE("im2col: the padding reads as zeros") {
  const Problem padded({1, 2, 2}, {1, 3}, {4, 2}, {1, {1, 1}, 1, 1});
  CHECK(padded.columns() == std::vector<float>{0, 0, 0, 1, 0, 3, 0, 0,  //
                                               0, 0, 1, 2, 3, 4, 0, 0,  //
                                               0, 0, 2, 0, 4, 0, 0, 0});
  const Problem far_out({1, 1, 1}, {1, 1}, {3, 5}, {1, {1, 2}, 1, 1});
  CHECK(far_out.columns() == std::vector<float>{0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0});
}

TEST_CASE("im2col: strides and dilations") {
  const Problem strided({1, 3, 5}, {1, 2}, {2, 2}, {2, 0, 1, 1});
  CHECK(strided.columns() == std::vector<float>{1, 3, 11, 13, 2, 4, 12, 14});
  const Problem dilated({1, 3, 4}, {2, 2}, {1, 2}, {1, 0, 2, 1});
  CHECK(dilated.columns() == std::vector<float>{1, 2, 3, 4, 9, 10, 11, 12});
  // Reads columns -1, 2, 5 and 1, 4, 7 of six.
  const Problem both({1, 1, 6}, {1, 2}, {1, 3}, {{1, 3}, {0, 1}, {1, 2}, 1});
  CHECK(both.columns() == std::vector<float>{0, 3, 6, 2, 5, 0});
}

TEST_CASE("im2col: a tile is the part of the whole") {
  // Rows longer than a chunk of 64 bytes, and ends that are no multiple of one.
  for (const std::int64_t stride : {1, 2}) {
    const std::int64_t width = stride == 1 ? 45 : 23;
    const Problem p({2, 4, 44}, {3, 2}, {4, width}, {{1, stride}, 1, 1, 1});
    const std::vector<float> whole = p.columns();
    for (const Tile& tile : {Tile{1, 2, 0, width}, Tile{3, 1, 0, width}, Tile{2, 1, 3, 17},
                             Tile{0, 1, width - 1, 1}}) {
      const std::vector<float> part = p.columns(tile);
      std::size_t next = 0;
      for (std::int64_t k = 0; k < p.sizes.column(); ++k)
        for (std::int64_t row = tile.row; row < tile.row + tile.rows; ++row)
          for (std::int64_t q = tile.column; q < tile.column + tile.columns; ++q)
            REQUIRE(part[next++] == whole[static_cast<std::size_t>((k * 4 + row) * width + q)]);
    }
  }
}

TEST_CASE("col2im: adds each element where im2col had read it") {
  for (const kernel::Windows& windows :
       {kernel::Windows{}, kernel::Windows{2, 1, 1, 1}, kernel::Windows{1, {2, 1}, {1, 3}, 1},
        kernel::Windows{{3, 2}, {0, 2}, 2, 1}}) {
    const auto result = [](std::int64_t size, std::int64_t kernel, std::int64_t stride,
                           std::int64_t padding, std::int64_t dilation) {
      return (size + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1;
    };
    const Size2d positions = {
        result(7, 3, windows.stride.height, windows.padding.height, windows.dilation.height),
        result(9, 2, windows.stride.width, windows.padding.width, windows.dilation.width)};
    const Problem p({2, 7, 9}, {3, 2}, positions, windows);
    const Tile tile{0, positions.height, 0, positions.width};
    const std::vector<float> columns = p.columns();
    Tensor image = Tensor::full({2, 7, 9}, 1);
    kernel::col2im(p.sizes, tile, columns.data(), image.mutable_data<float>());
    // An element that n windows saw has got n times its value.
    std::vector<int> seen(static_cast<std::size_t>(image.numel()) + 1, 0);
    for (const float value : columns) ++seen[static_cast<std::size_t>(value)];
    for (std::int64_t i = 0; i < image.numel(); ++i)
      CHECK(image.data<float>()[i] ==
            1 + static_cast<float>((i + 1) * seen[static_cast<std::size_t>(i) + 1]));
  }
}
