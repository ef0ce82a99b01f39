#include <doctest/doctest.h>

#include <cmath>
#include <plumb/core/runtime/error.hpp>
#include <plumb/core/tensor/tensor.hpp>
#include <utility>

using namespace plumb;

TEST_CASE("Tensor: made from values, constants and ranges") {
  const Tensor x = Tensor::from({1.f, 2.f, 3.f, 4.f, 5.f, 6.f}, {2, 3});
  CHECK(x.dtype() == DType::float32);
  CHECK(x.rank() == 2);
  CHECK(x.dim(-1) == 3);
  CHECK(x.bytes() == 24);
  CHECK(x.at({1, 0}) == 4);
  CHECK(Tensor::full({2}, 7, DType::uint8).to_vector<std::uint8_t>() ==
        std::vector<std::uint8_t>{7, 7});
  CHECK(Tensor::arange(3).to_vector<std::int64_t>() == std::vector<std::int64_t>{0, 1, 2});
  CHECK(Tensor::arange(256, DType::uint8).at({255}) == 255);
  CHECK_THROWS_WITH_AS(
      Tensor::arange(257, DType::uint8),
      "[Tensor::arange] a uint8 tensor cannot hold 256; convert it with to() first", Error);
  CHECK(Tensor::scalar(2.5).item() == 2.5);
  CHECK(Tensor::scalar(2.5).rank() == 0);
  CHECK_FALSE(Tensor().defined());
  CHECK_THROWS_WITH_AS(Tensor::from({1.f, 2.f}, {3}),
                       "[Tensor::from] shape [3] takes 3 values, got 2", Error);
}

TEST_CASE("Tensor::from: integers become int64, bools a mask") {
  using Whole = std::vector<std::int64_t>;
  const Tensor braced = Tensor::from({1, -2, 3});
  CHECK(braced.dtype() == DType::int64);
  CHECK(braced.to_vector<std::int64_t>() == Whole{1, -2, 3});
  const Tensor vector = Tensor::from(std::vector<int>{4, 5, 6, 7}, {2, 2});
  CHECK(vector.shape() == Shape{2, 2});
  CHECK(vector.to_vector<std::int64_t>() == Whole{4, 5, 6, 7});
  CHECK(Tensor::from(std::vector<short>{-7}).to_vector<std::int64_t>() == Whole{-7});
  CHECK(Tensor::from({4'000'000'000U}).to_vector<std::int64_t>() == Whole{4'000'000'000});
  CHECK(Tensor::from({5LL}).to_vector<std::int64_t>() == Whole{5});
  CHECK(Tensor::from({std::uint8_t{200}}).dtype() == DType::uint8);
  CHECK(Tensor::from(std::vector<int>()).shape() == Shape{0});
  for (const Tensor& mask : {Tensor::from({true, false}), Tensor::from(std::vector<bool>{1, 0})}) {
    CHECK(mask.dtype() == DType::uint8);
    CHECK(mask.to_vector<std::uint8_t>() == std::vector<std::uint8_t>{1, 0});
  }
  CHECK_THROWS_WITH_AS(Tensor::from({1, 2}, {3}), "[Tensor::from] shape [3] takes 3 values, got 2",
                       Error);
}

TEST_CASE("Tensor: memory is aligned to 64 bytes, small and large") {
  for (const std::int64_t n : {1, 100, 600, 100'000}) {
    const Tensor x = Tensor::empty({n});
    CHECK(reinterpret_cast<std::uintptr_t>(x.raw()) % 64 == 0);
  }
}

TEST_CASE("Tensor: copying shares, clone copies, moving empties") {
  Tensor x = Tensor::zeros({2});
  Tensor shared = x;
  const Tensor copy = x.clone();
  x.mutable_data<float>()[0] = 5;
  CHECK(shared.at({0}) == 5);
  CHECK(copy.at({0}) == 0);
  CHECK(shared.same_as(x));
  CHECK_FALSE(x.unique());
  shared = Tensor();
  CHECK(x.unique());
  const Tensor moved = std::move(x);
  CHECK(moved.at({0}) == 5);
  CHECK_FALSE(x.defined());  // NOLINT: what a move leaves is documented
}

TEST_CASE("Tensor: reshape and rows are views that keep the memory alive") {
  Tensor view;
  {
    Tensor x = Tensor::from({1.f, 2.f, 3.f, 4.f, 5.f, 6.f}, {3, 2});
    view = x.rows(1, 3).reshape({4});
    CHECK_FALSE(x.unique());
    x.mutable_data<float>()[2] = 30;
  }
  CHECK(view.to_vector<float>() == std::vector<float>{30, 4, 5, 6});
  CHECK(view.unique());
  CHECK(view.reshape({2, -1}).shape() == Shape{2, 2});
  CHECK(Tensor::zeros({0, 3}).rows(0, 0).shape() == Shape{0, 3});
}

TEST_CASE("Tensor: reshape refuses other counts and two unknown sizes") {
  const Tensor x = Tensor::zeros({2, 3});
  CHECK_THROWS_WITH_AS(x.reshape({4}), "[reshape] [2, 3] has 6 elements, [4] has 4", Error);
  CHECK_THROWS_WITH_AS(x.reshape({4, -1}), "[reshape] cannot infer the -1 in [4, -1] from [2, 3]",
                       Error);
  CHECK_THROWS_WITH_AS(x.reshape({-1, -1}),
                       "[reshape] only one size may be -1, others not negative: [-1, -1]", Error);
  CHECK_THROWS_AS(x.reshape({-2, -3}), Error);
  CHECK_THROWS_AS(Tensor::zeros({0}).reshape({0, -1}), Error);
  CHECK(Tensor::zeros({0, 3}).reshape({-1, 3}).shape() == Shape{0, 3});
}

TEST_CASE("Tensor: ranges and indices are checked") {
  const Tensor x = Tensor::zeros({2, 3});
  CHECK_THROWS_WITH_AS(x.rows(1, 3), "[rows] range [1, 3) does not lie in [0, 2)", Error);
  CHECK_THROWS_AS(x.rows(2, 1), Error);
  CHECK_THROWS_AS(x.rows(-1, 1), Error);
  CHECK_THROWS_AS(Tensor::scalar(1).rows(0, 1), Error);
  CHECK_THROWS_WITH_AS(x.at({0, 3}), "[Tensor::at] index 3 is out of range [0, 3) in shape [2, 3]",
                       Error);
  CHECK_THROWS_AS(x.at({0}), Error);
  CHECK_THROWS_AS(x.dim(2), Error);
  CHECK_THROWS_AS(x.item(), Error);
  CHECK_THROWS_WITH_AS(x.data<double>(), "[Tensor::data] asked for float64 of a tensor of float32",
                       Error);
}

TEST_CASE("Tensor: sizes that cannot be are refused before anything is allocated") {
  const std::int64_t big = std::int64_t{1} << 62;
  CHECK_THROWS_AS(Tensor::empty({big, 4}), Error);
  CHECK_THROWS_AS(Tensor::empty({0, big, 4}), Error);
  CHECK_THROWS_AS(Tensor::empty({-1}), Error);
  CHECK_THROWS_WITH_AS(Tensor::empty({big}),
                       "[allocate] [4611686018427387904] of float32 exceeds 2^63 - 1 bytes", Error);
  CHECK_THROWS_WITH_AS(Tensor::empty({std::int64_t{1} << 59}),
                       "[allocate] cannot allocate 2305843009213693952 bytes", Error);
}

TEST_CASE("Tensor: conversion truncates towards zero; the same type is the same tensor") {
  const Tensor x = Tensor::from({1.75f, -2.5f, 0.f});
  CHECK(x.to(DType::int64).to_vector<std::int64_t>() == std::vector<std::int64_t>{1, -2, 0});
  CHECK(x.to(DType::float64).to_vector<double>() == std::vector<double>{1.75, -2.5, 0});
  CHECK(x.to(DType::float32).same_as(x));
}

TEST_CASE("Tensor: changes in place are counted for all views together") {
  Tensor x = Tensor::zeros({4});
  Tensor view = x.reshape({2, 2});
  const std::uint32_t before = x.version();
  view.fill(1);
  CHECK(x.version() == before + 1);
  CHECK(x.at({3}) == 1);
  x.mutable_data<float>();
  CHECK(view.version() == before + 2);
  CHECK(x.clone().version() != 0);
}

TEST_CASE("Tensor: copy_from wants the same shape and type") {
  Tensor x = Tensor::zeros({2});
  x.copy_from(Tensor::from({3.f, 4.f}));
  CHECK(x.to_vector<float>() == std::vector<float>{3, 4});
  CHECK_THROWS_WITH_AS(x.copy_from(Tensor::zeros({3})),
                       "[copy_from] expected [2] of float32, got [3] of float32", Error);
  CHECK_THROWS_AS(x.copy_from(Tensor::zeros({2}, DType::float64)), Error);
}

TEST_CASE("Tensor: prints shape, type and values, long ones shortened") {
  CHECK(to_string(Tensor::from({0.1f, 2.f})) == "Tensor([2] float32: 0.1, 2)");
  CHECK(to_string(Tensor()) == "Tensor(undefined)");
  CHECK(to_string(Tensor::arange(20)) ==
        "Tensor([20] int64: 0, 1, 2, 3, 4, 5, 6, 7, ..., 12, 13, 14, 15, 16, 17, 18, 19)");
  CHECK(to_string(Tensor::zeros({0})) == "Tensor([0] float32: )");
}

TEST_CASE("Tensor: an undefined one refuses everything but to be asked for it") {
  Tensor x;
  CHECK_THROWS_WITH_AS(x.shape(), "[Tensor] the tensor is undefined", Error);
  CHECK_THROWS_AS(x.clone(), Error);
  CHECK_THROWS_AS(x.fill(1), Error);
  CHECK_THROWS_AS(x.mutable_data<float>(), Error);
  CHECK_THROWS_AS(x.rows(0, 0), Error);
  CHECK_THROWS_AS(x.unique(), Error);
}

TEST_CASE("Tensor: numbers that an integer type cannot hold are refused or limited") {
  CHECK_THROWS_WITH_AS(Tensor::full({2}, 300, DType::uint8),
                       "[fill] a uint8 tensor cannot hold 300; convert it with to() first", Error);
  CHECK_THROWS_AS(Tensor::full({2}, 0.5, DType::int64), Error);
  CHECK_THROWS_AS(Tensor::full({2}, 256, DType::uint8), Error);
  CHECK(Tensor::full({2}, 255, DType::uint8).at({1}) == 255);
  CHECK_THROWS_AS(Tensor::full({2}, -1, DType::uint8), Error);
  CHECK_THROWS_AS(Tensor::full({2}, 0x1p63, DType::int64), Error);
  CHECK(Tensor::full({2}, -0x1p63, DType::int64).to_vector<std::int64_t>()[1] == INT64_MIN);
  CHECK_THROWS_AS(Tensor::full({1}, std::nan(""), DType::int64), Error);
  const Tensor x = Tensor::from({1e300, -1e300, std::nan(""), 300., -3.});
  CHECK(x.to(DType::int64).to_vector<std::int64_t>() ==
        std::vector<std::int64_t>{INT64_MAX, INT64_MIN, 0, 300, -3});
  CHECK(x.to(DType::uint8).to_vector<std::uint8_t>() ==
        std::vector<std::uint8_t>{255, 0, 0, 255, 0});
}

TEST_CASE("Tensor: int64 keeps all its digits") {
  const std::int64_t big = (std::int64_t{1} << 53) + 1;
  const Tensor x = Tensor::from({big});
  CHECK(x.item<std::int64_t>() == big);
  CHECK(to_string(x) == "Tensor([1] int64: 9007199254740993)");
}

TEST_CASE("Tensor: operator[] is a view of one row; negative ones count from the end") {
  Tensor x = Tensor::arange(6).reshape({3, 2});
  CHECK(x[1].shape() == Shape{2});
  CHECK(x[1].to_vector<std::int64_t>() == std::vector<std::int64_t>{2, 3});
  CHECK(x[-1][0].shape() == Shape{});
  CHECK(x[-1][0].item<int>() == 4);
  x[0].fill(9);
  CHECK(x.at({0, 1}) == 9);
  CHECK_THROWS_WITH_AS(x[3], "[operator[]] index 3 is out of range [-3, 3) in [3, 2]", Error);
  CHECK_THROWS_WITH_AS(x[-4], "[operator[]] index -4 is out of range [-3, 3) in [3, 2]", Error);
  CHECK_THROWS_WITH_AS(x[0][0][0], "[operator[]] a tensor of rank 0 has no leading axis", Error);
}
