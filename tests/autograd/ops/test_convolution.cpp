#include <doctest/doctest.h>

#include <plumb/autograd.hpp>

#include "../../support/errors.hpp"
#include "../../support/random.hpp"
#include "../../support/threads.hpp"

using namespace plumb;
using test::error_of;

namespace {

Variable ones(const Shape& shape) { return Tensor::ones(shape); }

std::vector<float> values(const Variable& x) { return x.value().to_vector<float>(); }

}  // namespace

TEST_CASE("conv1d: slides the kernel, as it stands, over the signal") {
  const Tensor x = Tensor::from({1.f, 2.f, 4.f, 8.f}, {1, 1, 4});
  const Tensor w = Tensor::from({1.f, 10.f}, {1, 1, 2});
  CHECK(values(conv1d(x, w)) == std::vector<float>{21, 42, 84});
  CHECK(values(conv1d(x, w, Tensor::from({0.5f}))) == std::vector<float>{21.5, 42.5, 84.5});
  CHECK(values(conv1d(x, w, {}, {2, 1})) == std::vector<float>{10, 42, 8});
  CHECK(values(conv1d(x, w, {}, {1, 0, 3})) == std::vector<float>{81});
  CHECK(conv1d(x, w).shape() == Shape{1, 1, 3});
}

TEST_CASE("conv1d: groups keep their channels apart") {
  const Tensor x = Tensor::from({1.f, 2.f, 3.f, 4.f}, {1, 2, 2});
  const Tensor w = Tensor::from({10.f, 100.f}, {2, 1, 1});
  CHECK(values(conv1d(x, w, {}, {1, 0, 1, 2})) == std::vector<float>{10, 20, 300, 400});
}

TEST_CASE("conv2d: one number stands for both axes, two for height and width") {
  const Variable x = ones({2, 3, 7, 7}), w = ones({4, 3, 3, 3});
  CHECK(conv2d(x, w).shape() == Shape{2, 4, 5, 5});
  CHECK(conv2d(x, w, {}, {2}).shape() == Shape{2, 4, 3, 3});
  CHECK(conv2d(x, w, {}, {{2, 1}, 1}).shape() == Shape{2, 4, 4, 7});
  CHECK(conv2d(x, w, {}, {1, {0, 2}}).shape() == Shape{2, 4, 5, 9});
  CHECK(conv2d(x, w, {}, {1, 0, {3, 1}}).shape() == Shape{2, 4, 1, 5});
  CHECK(conv2d(x, ones({6, 1, 3, 3}), {}, {1, 0, 1, 3}).shape() == Shape{2, 6, 5, 5});
  CHECK(conv2d(ones({1, 1, 28, 28}), ones({6, 1, 5, 5}), {}, {1, 2}).shape() ==
        Shape{1, 6, 28, 28});
}

TEST_CASE("conv_transpose2d: has the sizes back that conv2d took") {
  for (const std::int64_t stride : {1, 2, 3})
    for (const std::int64_t padding : {0, 1})
      for (const std::int64_t size : {6, 7, 8}) {
        const Variable y = conv2d(ones({1, 2, size, 9}), ones({3, 2, 3, 3}), {}, {stride, padding});
        const std::int64_t left_over = (size + 2 * padding - 3) % stride;
        const std::int64_t left_over_width = (9 + 2 * padding - 3) % stride;
        const ConvTranspose2dOptions options{stride, padding, {left_over, left_over_width}};
        CHECK(conv_transpose2d(y, ones({3, 2, 3, 3}), {}, options).shape() == Shape{1, 2, size, 9});
      }
}

TEST_CASE("conv_transpose2d: every element spreads the kernel") {
  const Tensor x = Tensor::from({1.f, 2.f}, {1, 1, 1, 2});
  const Tensor w = Tensor::from({1.f, 10.f, 100.f}, {1, 1, 1, 3});
  CHECK(values(conv_transpose2d(x, w)) == std::vector<float>{1, 12, 120, 200});
  CHECK(values(conv_transpose2d(x, w, Tensor::from({0.5f}), {{1, 2}})) ==
        std::vector<float>{1.5, 10.5, 102.5, 20.5, 200.5});
  CHECK(values(conv_transpose2d(x, w, {}, {1, {0, 1}})) == std::vector<float>{12, 120});
  CHECK(values(conv_transpose2d(x, w, {}, {{1, 2}, 0, {0, 1}})) ==
        std::vector<float>{1, 10, 102, 20, 200, 0});
}

TEST_CASE("conv_transpose2d: rows and columns that no window reaches are 0") {
  // An output padding of at least the stride, which dilation allows.
  const Tensor x = Tensor::from({1.f, 2.f, 3.f, 4.f}, {1, 1, 2, 2}), w = Tensor::ones({1, 1, 1, 1});
  CHECK(conv_transpose2d(x, w, {}, {1, 0, 1, 2}).value().to_vector<float>() ==
        std::vector<float>{1, 2, 0, 3, 4, 0, 0, 0, 0});
  CHECK(conv_transpose2d(x, Tensor::ones({1, 1, 2, 2}), {}, {1, 0, {0, 1}, 2})
            .value()
            .to_vector<float>() ==
        std::vector<float>{1, 2, 1, 2, 0, 3, 4, 3, 4, 0, 1, 2, 1, 2, 0, 3, 4, 3, 4, 0});
}

TEST_CASE("convolution: gradients are added to those of earlier passes") {
  const Variable x = Variable::leaf(Tensor::full({1, 1, 1, 3}, 2));
  const Variable w = Variable::leaf(Tensor::full({1, 1, 1, 2}, 3));
  const Variable bias = Variable::leaf(Tensor::zeros({1}));
  for (const float passes : {1.f, 2.f}) {
    conv2d(x, w, bias).backward(Tensor::ones({1, 1, 1, 2}));
    CHECK(x.grad().to_vector<float>() == std::vector<float>{3 * passes, 6 * passes, 3 * passes});
    CHECK(w.grad().to_vector<float>() == std::vector<float>{4 * passes, 4 * passes});
    CHECK(bias.grad().to_vector<float>() == std::vector<float>{2 * passes});
  }
}

TEST_CASE("convolution: only what needs a gradient gets one") {
  const Variable constant = ones({1, 1, 3, 3});
  const Variable w = Variable::leaf(Tensor::ones({1, 1, 3, 3}));
  conv2d(constant, w).backward();
  conv_transpose2d(constant, w, {}, {1, 2}).backward();
  CHECK_FALSE(constant.grad().defined());
  // In the second every element of x meets a different one of w: the middle of both.
  CHECK(w.grad().to_vector<float>() == std::vector<float>{2, 2, 2, 2, 2, 2, 2, 2, 2});
  const Variable x = Variable::leaf(Tensor::ones({1, 1, 3, 3}));
  const Variable y = conv2d(x, constant);
  Tensor value = x.value();
  value.fill(5);  // only the gradient of w would need what it was
  y.backward();
  CHECK(x.grad().to_vector<float>() == std::vector<float>(9, 1));
}

TEST_CASE("convolution: a value changed after it was used is noticed") {
  Variable w = Variable::leaf(Tensor::ones({1, 1, 2}));
  const Variable x = Variable::leaf(Tensor::ones({1, 1, 2}));
  const Variable y = conv1d(x, w);
  Tensor weight = w.value();
  weight.fill(2);
  CHECK(error_of([&] { y.backward(); }).find("changed in place") != std::string::npos);
}

TEST_CASE("convolution: a batch of 0 gives an empty result and zero gradients") {
  const auto check = [](const Variable& y, const Shape& shape, const Variable& w,
                        const Variable& bias) {
    CHECK(y.shape() == shape);
    y.backward(Tensor::empty(shape));
    CHECK(w.grad().to_vector<float>() ==
          std::vector<float>(static_cast<std::size_t>(w.numel()), 0));
    CHECK(bias.grad().to_vector<float>() ==
          std::vector<float>(static_cast<std::size_t>(bias.numel()), 0));
  };
  const auto leaf = [](const Shape& shape) { return Variable::leaf(Tensor::ones(shape)); };
  const Variable w1 = leaf({3, 2, 3}), w2 = leaf({3, 2, 3, 3}), w3 = leaf({3, 2, 3, 3});
  const Variable b1 = leaf({3}), b2 = leaf({3}), b3 = leaf({2});
  const Variable x = leaf({0, 2, 5, 5});
  check(conv1d(ones({0, 2, 5}), w1, b1), {0, 3, 3}, w1, b1);
  check(conv2d(x, w2, b2), {0, 3, 3, 3}, w2, b2);
  CHECK(x.grad().shape() == Shape{0, 2, 5, 5});
  check(conv_transpose2d(ones({0, 3, 5, 5}), w3, b3), {0, 2, 7, 7}, w3, b3);
}

TEST_CASE("convolution: without channels the bias remains") {
  const Tensor bias = Tensor::from({1.f, 2.f});
  CHECK(values(conv2d(ones({1, 0, 2, 2}), ones({2, 0, 2, 1}), bias)) ==
        std::vector<float>{1, 1, 2, 2});
  CHECK(values(conv_transpose2d(ones({1, 0, 1, 1}), ones({0, 2, 1, 2}), bias)) ==
        std::vector<float>{1, 1, 2, 2});
  CHECK(conv2d(ones({2, 3, 4, 4}), ones({0, 3, 3, 3})).shape() == Shape{2, 0, 2, 2});
}

TEST_CASE("convolution: operands that do not fit are named with their shapes") {
  const Variable x = ones({2, 4, 6, 6}), w = ones({6, 4, 3, 3});
  CHECK(error_of([&] {
          conv2d(ones({4, 6, 6}), w);
        }) ==
        "[conv2d] expected x [n, in, h, w] and w [out, in / groups, kh, kw], "
        "got [4, 6, 6] and [6, 4, 3, 3]");
  CHECK(error_of([&] {
          conv1d(ones({4, 6}), ones({6, 4, 3}));
        }) ==
        "[conv1d] expected x [n, in, l] and w [out, in / groups, k], got [4, 6] and [6, 4, 3]");
  CHECK(error_of([&] { conv_transpose2d(x, ones({4})); }) ==
        "[conv_transpose2d] expected x [n, in, h, w] and w [in, out / groups, kh, kw], "
        "got [2, 4, 6, 6] and [4]");
  CHECK(error_of([&] {
          conv2d(x, ones({6, 3, 3, 3}));
        }) == "[conv2d] the channels do not fit: x [2, 4, 6, 6] and w [6, 3, 3, 3] in 1 group");
  CHECK(error_of([&] {
          conv2d(x, ones({6, 4, 3, 3}), {}, {1, 0, 1, 2});
        }) == "[conv2d] the channels do not fit: x [2, 4, 6, 6] and w [6, 4, 3, 3] in 2 groups");
  CHECK(error_of([&] {
          conv2d(x, ones({6, 1, 3, 3}), {}, {1, 0, 1, 3});
        }) == "[conv2d] the channels do not fit: x [2, 4, 6, 6] and w [6, 1, 3, 3] in 3 groups");
  CHECK(error_of([&] {
          conv2d(x, ones({5, 2, 3, 3}), {}, {1, 0, 1, 2});
        }) == "[conv2d] the channels do not fit: x [2, 4, 6, 6] and w [5, 2, 3, 3] in 2 groups");
  CHECK(error_of([&] {
          conv_transpose2d(x, ones({3, 4, 3, 3}));
        }) ==
        "[conv_transpose2d] the channels do not fit: x [2, 4, 6, 6] and w [3, 4, 3, 3] in 1 group");
  CHECK(error_of([&] {
          conv_transpose2d(x, ones({4, 4, 3, 3}), {}, {1, 0, 0, 1, 3});
        }) ==
        "[conv_transpose2d] the channels do not fit: x [2, 4, 6, 6] and w [4, 4, 3, 3] in 3 "
        "groups");
  CHECK(error_of([&] { conv2d(x, w, ones({4})); }) == "[conv2d] expected a bias of [6], got [4]");
  CHECK(error_of([&] {
          conv_transpose2d(x, w.value().reshape({4, 6, 3, 3}), ones({4}));
        }) == "[conv_transpose2d] expected a bias of [6], got [4]");
}

TEST_CASE("convolution: a kernel larger than the padded input is refused") {
  CHECK(error_of([] {
          conv2d(ones({1, 1, 4, 4}), ones({1, 1, 3, 5}));
        }) ==
        "[conv2d] the kernel is larger than the padded input along w: kernel 5, dilation 1, "
        "padding 0, input [1, 1, 4, 4]");
  CHECK(error_of([] {
          conv2d(ones({0, 1, 4, 4}), ones({1, 1, 4, 3}), {}, {1, 1, 2});
        }) ==
        "[conv2d] the kernel is larger than the padded input along h: kernel 4, dilation 2, "
        "padding 1, input [0, 1, 4, 4]");
  CHECK(error_of([] {
          conv1d(ones({1, 1, 4}), ones({1, 1, 7}), {}, {1, 1});
        }) ==
        "[conv1d] the kernel is larger than the padded input along l: kernel 7, dilation 1, "
        "padding 1, input [1, 1, 4]");
  CHECK(conv1d(ones({1, 1, 4}), ones({1, 1, 6}), {}, {1, 1}).shape() == Shape{1, 1, 1});
  CHECK(error_of([] {
          conv_transpose2d(ones({1, 1, 1, 2}), ones({1, 1, 2, 2}), {}, {1, 1});
        }) ==
        "[conv_transpose2d] the result would have 0 elements along h: x [1, 1, 1, 2], "
        "w [1, 1, 2, 2], padding 1");
}

TEST_CASE("convolution: images and kernels without elements are refused") {
  CHECK(error_of([] {
          conv2d(ones({1, 1, 0, 5}), ones({1, 1, 1, 1}), {}, {1, 1});
        }) == "[conv2d] x [1, 1, 0, 5] is empty along h");
  CHECK(error_of([] {
          conv2d(ones({1, 1, 5, 5}), ones({1, 1, 1, 0}));
        }) == "[conv2d] the kernel of w [1, 1, 1, 0] is empty");
  CHECK(error_of([] {
          conv1d(ones({1, 1, 0}), ones({1, 1, 1}), {}, {1, 1});
        }) == "[conv1d] x [1, 1, 0] is empty along l");
  CHECK(error_of([] {
          conv_transpose2d(ones({1, 1, 3, 0}), ones({1, 1, 1, 1}));
        }) == "[conv_transpose2d] x [1, 1, 3, 0] is empty along w");
}

TEST_CASE("convolution: options out of range are refused") {
  const Variable x = ones({1, 1, 4, 4}), w = ones({1, 1, 2, 2});
  const auto plain = [&](const Conv2dOptions& o) { return error_of([&] { conv2d(x, w, {}, o); }); };
  CHECK(plain({0}) == "[conv2d] stride must be in [1, 2^31), got [0, 0]");
  CHECK(plain({{1, -1}}) == "[conv2d] stride must be in [1, 2^31), got [1, -1]");
  CHECK(plain({1, {-1, 0}}) == "[conv2d] padding must be in [0, 2^31), got [-1, 0]");
  CHECK(plain({1, INT64_MAX}) ==
        "[conv2d] padding must be in [0, 2^31), got [9223372036854775807, 9223372036854775807]");
  CHECK(plain({1, 0, 0}) == "[conv2d] dilation must be in [1, 2^31), got [0, 0]");
  CHECK(plain({1, 0, 1, 0}) == "[conv2d] groups must be in [1, 2^31), got 0");

  const auto signal = [](const Conv1dOptions& o) {
    return error_of([&] { conv1d(ones({1, 1, 4}), ones({1, 1, 2}), {}, o); });
  };
  CHECK(signal({0}) == "[conv1d] stride must be in [1, 2^31), got 0");
  CHECK(signal({1, -1}) == "[conv1d] padding must be in [0, 2^31), got -1");
  CHECK(signal({1, 0, 0}) == "[conv1d] dilation must be in [1, 2^31), got 0");
  CHECK(signal({1, 0, 1, -2}) == "[conv1d] groups must be in [1, 2^31), got -2");

  const auto transposed = [&](const ConvTranspose2dOptions& o) {
    return error_of([&] { conv_transpose2d(x, w, {}, o); });
  };
  CHECK(transposed({0}) == "[conv_transpose2d] stride must be in [1, 2^31), got [0, 0]");
  CHECK(transposed({1, -1}) == "[conv_transpose2d] padding must be in [0, 2^31), got [-1, -1]");
  CHECK(transposed({1, 0, 0, 0}) == "[conv_transpose2d] dilation must be in [1, 2^31), got [0, 0]");
  CHECK(transposed({1, 0, 0, 1, 0}) == "[conv_transpose2d] groups must be in [1, 2^31), got 0");
  const std::string range =
      "[conv_transpose2d] output_padding must be in [0, max(stride, dilation)), got ";
  CHECK(transposed({1, 0, 1}) == range + "[1, 1] with stride [1, 1] and dilation [1, 1]");
  CHECK(transposed({2, 0, {-1, 0}}) == range + "[-1, 0] with stride [2, 2] and dilation [1, 1]");
  CHECK(transposed({{2, 1}, 0, {1, 3}, {1, 3}}) ==
        range + "[1, 3] with stride [2, 1] and dilation [1, 3]");
  CHECK(transposed({{2, 1}, 0, {1, 2}, {1, 3}}) == "");
}

TEST_CASE("convolution: sizes beyond all memory are refused, not computed") {
  const std::int64_t far = 2147483647;
  const Variable x = ones({1, 1, 1, 1}), w = ones({1, 1, 1, 1});
  CHECK(error_of([&] {
          conv2d(x, w, {}, {1, far});
        }) ==
        "[Shape] the number of elements of [1, 1, 4294967295, 4294967295] does not fit in 63 bits");
  CHECK(error_of([&] {
          conv_transpose2d(ones({1, 1, 2, 2}), w, {}, {far});
        }).find("[allocate]") == 0);
  CHECK(error_of([&] {
          conv1d(Tensor::empty({0, 1, far + 1}), ones({1, 1, 1}));
        }) == "[conv1d] a side of [0, 1, 2147483648] is not below 2^31");
}

TEST_CASE("convolution: element types must be floating and equal") {
  const Variable x = ones({1, 1, 4, 4}), w = ones({1, 1, 2, 2});
  CHECK(error_of([&] {
          conv2d(x, Tensor::ones({1, 1, 2, 2}, DType::float64));
        }) ==
        "[conv2d] element types differ: float32 and float64; Tensor::from({1.0}) is float64: write "
        "1.0f, or convert with to(DType::float32)");
  CHECK(error_of([&] { conv2d(x, w, Tensor::ones({1}, DType::float64)); }) ==
        "[conv2d] element types differ: float32 and float64; Tensor::from({1.0}) is float64: write "
        "1.0f, or convert with to(DType::float32)");
  CHECK(error_of([&] {
          conv1d(Tensor::ones({1, 1, 4}, DType::int64), ones({1, 1, 2}));
        }) == "[conv1d] expected float32 or float64, got int64");
}

TEST_CASE("convolution: a step gives the same gradients for any number of threads") {
  Generator generator(1);
  const auto leaf = [&](const Shape& shape) {
    Tensor x = Tensor::empty(shape);
    generator.fill_normal(x);
    return Variable::leaf(x);
  };
  const Variable x = leaf({33, 3, 12, 12}), w1 = leaf({6, 3, 5, 5}), b1 = leaf({6});
  const Variable w2 = leaf({6, 4, 3, 3}), b2 = leaf({8}), w3 = leaf({5, 8, 9}), b3 = leaf({5});
  std::uint64_t expected = 0;
  for (const int threads : test::thread_counts()) {
    const test::Threads scope(threads);
    const Variable hidden = conv2d(x, w1, b1, {1, 2});
    const Variable wide = conv_transpose2d(hidden, w2, b2, {2, 1, 1, 1, 2});
    const Variable y = conv1d(reshape(wide, {33, 8, 24 * 24}), w3, b3, {4});
    y.backward(Tensor::ones(y.shape()));
    std::uint64_t bits = hash(y.value());
    for (Variable v : {x, w1, b1, w2, b2, w3, b3}) {
      bits = hash(v.grad(), bits);
      v.zero_grad();
    }
    if (threads == 1) expected = bits;
    CHECK(bits == expected);
  }
}

// Of few images each block is cut by its outputs, into as many parts as there are threads for.
TEST_CASE("convolution: 3 x 3 weights have the same gradient for any number of threads") {
  const Tensor x = test::normal({40, 16, 12, 12}, DType::float32, 1);
  const Tensor seed = test::normal({40, 80, 12, 12}, DType::float32, 2);
  std::uint64_t expected = 0;
  for (const int threads : {1, 2, 4, 9, 16, 64}) {
    const test::Threads scope(threads);
    const Variable w = Variable::leaf(test::normal({80, 16, 3, 3}, DType::float32, 3));
    conv2d(x, w, {}, {1, 1}).backward(seed);
    if (threads == 1) expected = hash(w.grad());
    CHECK(hash(w.grad()) == expected);
  }
}
