#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <plumb/core/runtime/error.hpp>
#include <plumb/core/tensor/operators.hpp>

using namespace plumb;

TEST_CASE("Tensor operators: values, numbers on either side, broadcasting") {
  const Tensor a = Tensor::from({1., 2., 4.});
  const Tensor b = Tensor::from({10., 20.}, {2, 1});
  CHECK((a + b).to_vector<double>() == std::vector<double>{11, 12, 14, 21, 22, 24});
  CHECK((a - 1.0).to_vector<double>() == std::vector<double>{0, 1, 3});
  CHECK((1 - a).to_vector<double>() == std::vector<double>{0, -1, -3});
  CHECK((2 * a * a).to_vector<double>() == std::vector<double>{2, 8, 32});
  CHECK((8 / a).to_vector<double>() == std::vector<double>{8, 4, 2});
  CHECK((a / 2).to_vector<double>() == std::vector<double>{0.5, 1, 2});
  CHECK((-a).to_vector<double>() == std::vector<double>{-1, -2, -4});
}

TEST_CASE("Tensor operators: relations give uint8") {
  const Tensor a = Tensor::from({1.f, 2.f, 3.f});
  const Tensor two = Tensor::scalar(2);
  using Bytes = std::vector<std::uint8_t>;
  CHECK((a < two).to_vector<std::uint8_t>() == Bytes{1, 0, 0});
  CHECK((a <= two).to_vector<std::uint8_t>() == Bytes{1, 1, 0});
  CHECK((a > two).to_vector<std::uint8_t>() == Bytes{0, 0, 1});
  CHECK((a >= two).to_vector<std::uint8_t>() == Bytes{0, 1, 1});
  CHECK(equal(a, two).to_vector<std::uint8_t>() == Bytes{0, 1, 0});
  CHECK(not_equal(a, two).to_vector<std::uint8_t>() == Bytes{1, 0, 1});
}

namespace {

// <, <=, >, >=, equal, not_equal for each element: bits 0 to 5.
std::vector<int> relations(const Tensor& x, double number) {
  const Tensor found[] = {x<number, x <= number, x> number, x >= number, equal(x, number),
                          not_equal(x, number)};
  const Tensor turned[] = {number > x,  number >= x,      number < x,
                           number <= x, equal(number, x), not_equal(number, x)};
  std::vector<int> all(static_cast<std::size_t>(x.numel()));
  for (int i = 0; i < 6; ++i) {
    CHECK(found[i].shape() == x.shape());
    CHECK(found[i].to_vector<std::uint8_t>() == turned[i].to_vector<std::uint8_t>());
    for (std::size_t k = 0; k < all.size(); ++k) all[k] |= found[i].data<std::uint8_t>()[k] << i;
  }
  return all;
}

constexpr int below = 0b100011, same = 0b011010, above = 0b101100, unordered = 0b100000;

}  // namespace

TEST_CASE("Tensor operators: relations to a number, on either side") {
  using Each = std::vector<int>;
  const double infinity = std::numeric_limits<double>::infinity(), nan = std::nan("");
  CHECK(relations(Tensor::from({1., 2., 3., nan, -infinity, infinity}), 2) ==
        Each{below, same, above, unordered, below, above});
  CHECK(relations(Tensor::from({1., nan, infinity}), nan) == Each{unordered, unordered, unordered});
  CHECK(relations(Tensor::from({-0., 0.}), 0) == Each{same, same});
  // The number in the tensor's type.
  CHECK(relations(Tensor::from({0.1f}), 0.1) == Each{same});
  CHECK(relations(Tensor::from({1e38f, HUGE_VALF}), 1e300) == Each{below, same});
  CHECK(relations(Tensor::zeros({2, 0}), 1).empty());
  CHECK(relations(Tensor::scalar(2), 1) == Each{above});
}

TEST_CASE("Tensor operators: integers are compared with any number, exactly") {
  using Each = std::vector<int>;
  const double infinity = std::numeric_limits<double>::infinity();
  const Tensor some = Tensor::from({-1, 0, 1});
  CHECK(relations(some, 0.5) == Each{below, below, above});
  CHECK(relations(some, -0.5) == Each{below, above, above});
  CHECK(relations(some, 0) == Each{below, same, above});
  CHECK(relations(some, infinity) == Each{below, below, below});
  CHECK(relations(some, -infinity) == Each{above, above, above});
  CHECK(relations(some, 1e300) == Each{below, below, below});
  CHECK(relations(some, std::nan("")) == Each{unordered, unordered, unordered});
  const Tensor large = Tensor::from({INT64_MIN, INT64_MAX, (std::int64_t{1} << 53) + 1});
  CHECK(relations(large, -0x1p63) == Each{same, above, above});
  CHECK(relations(large, 0x1p63) == Each{below, below, below});
  CHECK(relations(large, 0x1p53) == Each{below, above, above});
  const Tensor bytes = Tensor::from({std::uint8_t{0}, std::uint8_t{255}});
  CHECK(relations(bytes, 254.5) == Each{below, above});
  CHECK(relations(bytes, -3) == Each{above, above});
  CHECK(relations(bytes, 300) == Each{below, below});
}

TEST_CASE("Tensor operators: integers take part, but not in division") {
  const Tensor i = Tensor::arange(3);
  CHECK((i * i + 1).to_vector<std::int64_t>() == std::vector<std::int64_t>{1, 2, 5});
  CHECK_THROWS_WITH_AS(i / i, "[div] expected float32 or float64, got int64", Error);
}

TEST_CASE("Tensor operators: shapes and element types must fit") {
  CHECK_THROWS_WITH_AS(Tensor::zeros({2, 3}) + Tensor::zeros({4, 5}),
                       "[add] shapes do not broadcast: [2, 3] and [4, 5]", Error);
  CHECK_THROWS_WITH_AS(Tensor::zeros({2}) * Tensor::zeros({2}, DType::float64),
                       "[mul] element types differ: float32 and float64; Tensor::from({1.0}) is "
                       "float64: write 1.0f, or convert with to(DType::float32)",
                       Error);
  CHECK_THROWS_WITH_AS(
      Tensor::zeros({2}) * Tensor::from({1, 2}),
      "[mul] element types differ: float32 and int64; convert one of them with to()", Error);
}

TEST_CASE("Tensor operators: empty tensors") {
  CHECK((Tensor::zeros({2, 0}) + Tensor::zeros({0})).shape() == Shape{2, 0});
  CHECK((Tensor::zeros({0, 3}) + Tensor::zeros({1, 3})).shape() == Shape{0, 3});
}

TEST_CASE("Tensor operators: a number that an integer tensor cannot hold is refused") {
  const Tensor images = Tensor::from({std::uint8_t{0}, std::uint8_t{128}});
  CHECK_THROWS_WITH_AS(images * 0.5,
                       "[mul] a uint8 tensor cannot hold 0.5; convert it with to() first", Error);
  CHECK_THROWS_AS(images + 300.0, Error);
  CHECK_THROWS_AS(Tensor::arange(3) * 0.5, Error);
  CHECK((Tensor::arange(3) * 2).at({2}) == 4);
}

TEST_CASE("Tensor operators: integers wrap around") {
  const Tensor most = Tensor::from({INT64_MAX});
  CHECK((most + 1).item<std::int64_t>() == INT64_MIN);
  CHECK((most + most).item<std::int64_t>() == -2);
  CHECK((most * most).item<std::int64_t>() == 1);
  const Tensor bytes = Tensor::from({std::uint8_t{200}});
  CHECK((bytes + bytes).item() == 144);
}
