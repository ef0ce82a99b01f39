#include <doctest/doctest.h>

#include <limits>
#include <plumb/autograd/gradcheck.hpp>
#include <plumb/autograd/ops/arithmetic.hpp>
#include <plumb/autograd/ops/reduction.hpp>
#include <plumb/autograd/ops/shape.hpp>
#include <plumb/core/runtime/error.hpp>
#include <plumb/core/runtime/random.hpp>

using namespace plumb;

namespace {

using Variables = std::vector<Variable>;

Tensor random_tensor(const Shape& shape) {
  Tensor x = Tensor::empty(shape, DType::float64);
  Generator(1).fill_uniform(x, -1, 1);
  return x;
}

Tensor counting(const Shape& shape) {
  return Tensor::arange(shape.numel(), DType::float32).reshape(shape);
}

// Squared, so that each element has a gradient of its own.
void check(const std::function<Variable(const Variables&)>& f, const std::vector<Tensor>& inputs) {
  gradcheck(
      [&](const Variables& v) {
        const Variable y = f(v);
        return y * y;
      },
      inputs);
}

// Where the elements lie, of a temporary too.
const std::byte* memory_of(const Tensor& x) { return x.raw(); }

}  // namespace

TEST_CASE("reshape, flatten, squeeze, unsqueeze: gradcheck") {
  const Tensor x = random_tensor({2, 1, 3});
  check([](const Variables& v) { return reshape(v[0], {3, -1}); }, {x});
  check([](const Variables& v) { return flatten(v[0], 1); }, {x});
  check([](const Variables& v) { return squeeze(v[0]); }, {x});
  check([](const Variables& v) { return unsqueeze(v[0], -1); }, {x});
}

TEST_CASE("reshape, flatten, squeeze, unsqueeze: shapes; memory is shared") {
  const Tensor x = counting({2, 1, 3, 1});
  CHECK(reshape(x, {-1, 2}).shape() == Shape{3, 2});
  const Variable line = reshape(x, {6}), squeezed = squeeze(x, {1, -1});
  CHECK(line.value().raw() == x.raw());
  CHECK(flatten(x).shape() == Shape{6});
  CHECK(flatten(x, 1).shape() == Shape{2, 3});
  CHECK(flatten(x, 0, 1).shape() == Shape{2, 3, 1});
  CHECK(flatten(Tensor::scalar(1)).shape() == Shape{1});
  CHECK(flatten(Tensor::zeros({0, 2, 3}), 1).shape() == Shape{0, 6});
  CHECK(squeeze(x).shape() == Shape{2, 3});
  CHECK(squeeze(x, 1).shape() == Shape{2, 3, 1});
  CHECK(squeezed.value().raw() == x.raw());
  CHECK(unsqueeze(x, 0).shape() == Shape{1, 2, 1, 3, 1});
  CHECK(unsqueeze(x, -1).shape() == Shape{2, 1, 3, 1, 1});
  CHECK(unsqueeze(Tensor::scalar(1), 0).shape() == Shape{1});
}

TEST_CASE("transpose, permute: gradcheck and values") {
  check([](const Variables& v) { return transpose(v[0], 0, -1); }, {random_tensor({2, 3, 4})});
  check([](const Variables& v) { return permute(v[0], {1, 2, 0}); }, {random_tensor({2, 3, 4})});
  check([](const Variables& v) { return permute(v[0], Axes{}); }, {random_tensor({})});
  const Tensor x = counting({2, 3});
  CHECK(transpose(x, 0, 1).shape() == Shape{3, 2});
  CHECK(transpose(x, 0, 1).value().to_vector<float>() == std::vector<float>{0, 3, 1, 4, 2, 5});
  CHECK(permute(counting({2, 3, 4}), {2, 0, -2}).shape() == Shape{4, 2, 3});
  CHECK(permute(counting({2, 3, 4}), {2, 0, 1}).value().at({1, 0, 2}) == 9);
  CHECK(transpose(Tensor::zeros({0, 3}), 0, 1).shape() == Shape{3, 0});
}

TEST_CASE("slice: gradcheck along each axis, with steps and of nothing") {
  for (const int axis : {0, 1, -1}) {
    check([=](const Variables& v) { return slice(v[0], axis, 1, 3); }, {random_tensor({3, 3, 4})});
    check([=](const Variables& v) { return slice(v[0], axis, 0, to_end, 2); },
          {random_tensor({3, 3, 4})});
    check([=](const Variables& v) { return slice(v[0], axis, 2, 2); }, {random_tensor({3, 3, 4})});
  }
  check([](const Variables& v) { return slice(v[0], 0, 0, 2) * slice(v[0], 0, 1, 3); },
        {random_tensor({3, 2})});
  check([](const Variables& v) { return sum(slice(v[0] * 2, 0, 0, 2)) + v[0]; },
        {random_tensor({3, 2})});
}

TEST_CASE("slice: reads ranges as Python does") {
  const Tensor x = counting({6});
  const auto taken = [&](std::int64_t begin, std::int64_t end = to_end, std::int64_t step = 1) {
    return slice(x, 0, begin, end, step).value().to_vector<float>();
  };
  using Values = std::vector<float>;
  CHECK(taken(2, 4) == Values{2, 3});
  CHECK(taken(-2) == Values{4, 5});
  CHECK(taken(0, -4) == Values{0, 1});
  CHECK(taken(-100, 100) == Values{0, 1, 2, 3, 4, 5});
  CHECK(taken(std::numeric_limits<std::int64_t>::min(), 1) == Values{0});
  CHECK(taken(4, 2).empty());
  CHECK(taken(6).empty());
  CHECK(taken(0, 6, 2) == Values{0, 2, 4});
  CHECK(taken(1, 6, 2) == Values{1, 3, 5});
  CHECK(taken(1, 5, 3) == Values{1, 4});
  CHECK(taken(0, 6, to_end) == Values{0});
  const Tensor matrix = counting({2, 6});
  CHECK(slice(matrix, 1, 1, 6, 3).value().to_vector<float>() == Values{1, 4, 7, 10});
  CHECK(slice(matrix, 0, 1, 2, to_end).value().at({0, 5}) == 11);
  const Variable second = slice(matrix, 0, 1);
  const Tensor row = matrix.rows(1, 2);
  CHECK(second.value().raw() == row.raw());
}

TEST_CASE("slice: every row of a parameter apart gathers the whole gradient") {
  const Variable x = Variable::leaf(counting({50, 3}));
  Variable total = Tensor::zeros({3});
  for (int i = 0; i < 50; ++i)
    total = total + static_cast<double>(i) * reshape(slice(x, 0, i, i + 1), {3});
  total.backward(Tensor::ones({3}));
  for (std::int64_t i = 0; i < 50; ++i) CHECK(x.grad().at({i, 1}) == static_cast<double>(i));
}

TEST_CASE("concat, stack: gradcheck along each axis") {
  for (const int axis : {0, 1, -1}) {
    Shape other{2, 3, 2};
    other[axis < 0 ? 2 : axis] = 1;
    check(
        [=](const Variables& v) {
          return concat({v[0], v[1], v[0]}, axis);
        },
        {random_tensor({2, 3, 2}), random_tensor(other)});
    check(
        [=](const Variables& v) {
          return stack({v[0], v[1], v[1]}, axis);
        },
        {random_tensor({2, 3}), random_tensor({2, 3})});
  }
  check(
      [](const Variables& v) {
        return concat({v[0] * 2, v[0]}, 0) + v[1];
      },
      {random_tensor({1, 3}), random_tensor({2, 3})});
}

TEST_CASE("concat, stack: values; constants among the parts") {
  const Tensor a = counting({1, 3}), b = counting({2, 3});
  CHECK(concat({a, b}, 0).value().to_vector<float>() ==
        std::vector<float>{0, 1, 2, 0, 1, 2, 3, 4, 5});
  CHECK(concat({a, Tensor::zeros({1, 0}), a}, 1).value().to_vector<float>() ==
        std::vector<float>{0, 1, 2, 0, 1, 2});
  CHECK(stack({b, b}, 1).shape() == Shape{2, 2, 3});
  CHECK(stack({b, b}, 2).value().to_vector<float>() ==
        std::vector<float>{0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5});
  CHECK(stack({Tensor::scalar(1), Tensor::scalar(2)}).value().to_vector<float>() ==
        std::vector<float>{1, 2});
  const Variable x = Variable::leaf(a);
  sum(concat({b, x}, 0) * concat({b, b * 2}, 0).value().rows(0, 3)).backward();
  CHECK(x.grad().to_vector<float>() == std::vector<float>{0, 2, 4});
}

TEST_CASE("concat: a part's gradient is its own, not a view of another's") {
  const Variable a = Variable::leaf(counting({2}));
  const Variable b = Variable::leaf(counting({2}));
  sum(concat({a, b}, 0)).backward();
  a.grad().fill(7);
  CHECK(b.grad().to_vector<float>() == std::vector<float>{1, 1});
}

TEST_CASE("broadcast_to: gradcheck and values") {
  for (const auto& [from, to] : {std::pair<Shape, Shape>{{3}, {2, 3}},
                                 {{2, 1}, {2, 3}},
                                 {{}, {2, 2}},
                                 {{2, 3}, {2, 3}},
                                 {{1, 2, 1}, {2, 2, 2, 3}}}) {
    const Shape& shape = to;
    check([&](const Variables& v) { return broadcast_to(v[0], shape); }, {random_tensor(from)});
  }
  CHECK(broadcast_to(counting({2, 1}), {2, 2}).value().to_vector<float>() ==
        std::vector<float>{0, 0, 1, 1});
  CHECK(broadcast_to(Tensor::ones({1, 3}), {0, 3}).shape() == Shape{0, 3});
}

TEST_CASE("shape operations: bad arguments are named") {
  const Tensor x = Tensor::zeros({2, 3});
  CHECK_THROWS_WITH_AS(reshape(x, {4}), "[reshape] [2, 3] has 6 elements, [4] has 4", Error);
  CHECK_THROWS_WITH_AS(reshape(x, {-1, -1}),
                       "[reshape] only one size may be -1, others not negative: [-1, -1]", Error);
  CHECK_THROWS_WITH_AS(flatten(x, 1, 0), "[flatten] axis 1 stands behind axis 0 in [2, 3]", Error);
  CHECK_THROWS_WITH_AS(squeeze(x, 1), "[squeeze] axis 1 of [2, 3] has size 3, not 1", Error);
  CHECK_THROWS_WITH_AS(unsqueeze(x, 3), "[unsqueeze] axis 3 is out of range [-3, 3)", Error);
  CHECK_THROWS_WITH_AS(transpose(x, 0, 2), "[transpose] axis 2 is out of range [-2, 2)", Error);
  CHECK_THROWS_WITH_AS(permute(x, {1}), "[permute] expected each axis of [2, 3] once, got {1}",
                       Error);
  CHECK_THROWS_WITH_AS(permute(x, {1, 1}), "[permute] axis 1 appears twice in {1, 1}", Error);
  CHECK_THROWS_WITH_AS(slice(x, 0, 0, 2, 0), "[slice] step must be at least 1, got 0", Error);
  CHECK_THROWS_WITH_AS(slice(x, 2, 0), "[slice] axis 2 is out of range [-2, 2)", Error);
  CHECK_THROWS_WITH_AS(slice(Tensor::scalar(1), 0, 0), "[slice] axis 0 is out of range [0, 0)",
                       Error);
  CHECK_THROWS_WITH_AS(concat({}, 0), "[concat] there is nothing to join", Error);
  CHECK_THROWS_WITH_AS(concat({x, Tensor::zeros({2, 4})}, 0),
                       "[concat] shapes differ beyond axis 0: [2, 3] and [2, 4]", Error);
  CHECK_THROWS_WITH_AS(concat({x, Tensor::zeros({2})}, 1),
                       "[concat] shapes differ beyond axis 1: [2, 3] and [2]", Error);
  CHECK_THROWS_WITH_AS(concat({x, Tensor::zeros({2, 3}, DType::float64)}, 0),
                       "[concat] element types differ: float32 and float64; Tensor::from({1.0}) is "
                       "float64: write 1.0f, or convert with to(DType::float32)",
                       Error);
  CHECK_THROWS_WITH_AS(stack({}), "[stack] there is nothing to join", Error);
  CHECK_THROWS_WITH_AS(stack({x, Tensor::zeros({3, 3})}),
                       "[stack] shapes differ: [2, 3] and [3, 3]", Error);
  CHECK_THROWS_WITH_AS(broadcast_to(x, {4, 5}),
                       "[broadcast_to] shapes do not broadcast: [2, 3] and [4, 5]", Error);
  CHECK_THROWS_WITH_AS(broadcast_to(x, {3}), "[broadcast_to] [2, 3] does not broadcast to [3]",
                       Error);
  CHECK_THROWS_WITH_AS(broadcast_to(x, {1, 3}),
                       "[broadcast_to] [2, 3] does not broadcast to [1, 3]", Error);
}

TEST_CASE("Variable: reshape, rows and operator[] as members, as Tensor has them") {
  const Tensor x = random_tensor({4, 3});
  check([](const Variables& v) { return v[0].reshape({2, -1}); }, {x});
  check([](const Variables& v) { return v[0].rows(1, 3); }, {x});
  check([](const Variables& v) { return v[0][2]; }, {x});
  check([](const Variables& v) { return v[0][-1] * v[0][0] + v[0][-1][1]; }, {x});
  const Variable v = x;
  CHECK(memory_of(v.reshape({12}).value()) == x.raw());
  CHECK(memory_of(v.rows(1, 3).value()) == memory_of(x.rows(1, 3)));
  CHECK(v[1].to_vector<double>() == x[1].to_vector<double>());
  CHECK(memory_of(v[1].value()) == memory_of(x[1]));
  CHECK(v.at({1, 2}) == x.at({1, 2}));
  CHECK_THROWS_WITH_AS(v[4], "[operator[]] index 4 is out of range [-4, 4) in [4, 3]", Error);
  CHECK_THROWS_WITH_AS(v.rows(2, 5), "[rows] range [2, 5) does not lie in [0, 4)", Error);
  CHECK_THROWS_AS(v.reshape({5}), Error);
}

TEST_CASE("split, chunk, flip: gradcheck") {
  const Tensor x = random_tensor({2, 5, 3});
  for (const int axis : {0, 1, -1}) {
    // Parts of different weight, one of them not used.
    const auto weighed = [](const std::vector<Variable>& parts) {
      Variable total = sum(parts[0]);
      for (std::size_t i = 2; i < parts.size(); ++i)
        total = total + sum(parts[i] * parts[i]) * static_cast<double>(i);
      return total;
    };
    check([&](const Variables& v) { return weighed(split(v[0], 2, axis)); }, {x});
    check([&](const Variables& v) { return weighed(chunk(v[0], 3, axis)); }, {x});
    check([&](const Variables& v) { return flip(v[0], axis); }, {x});
  }
  check([](const Variables& v) { return split(v[0], {1, 0, 4}, 1)[2]; }, {x});
  check([](const Variables& v) { return flip(v[0], {0, 2}); }, {x});
  check([](const Variables& v) { return flip(v[0], {}); }, {x});
}

TEST_CASE("split, chunk: sizes of the parts; along axis 0 they share memory") {
  const Tensor x = counting({7, 2});
  const auto sizes = [](const std::vector<Variable>& parts, int axis) {
    std::vector<std::int64_t> all;
    for (const Variable& part : parts) all.push_back(part.dim(axis));
    return all;
  };
  using Sizes = std::vector<std::int64_t>;
  CHECK(sizes(split(x, 3), 0) == Sizes{3, 3, 1});
  CHECK(sizes(split(x, 7), 0) == Sizes{7});
  CHECK(sizes(split(x, 100), 0) == Sizes{7});
  CHECK(sizes(split(x, {3, 0, 4}), 0) == Sizes{3, 0, 4});
  CHECK(sizes(split(x, 1, -1), 1) == Sizes{1, 1});
  CHECK(sizes(chunk(x, 3), 0) == Sizes{3, 3, 1});
  CHECK(sizes(chunk(x, 6), 0) == Sizes{2, 2, 2, 1});
  CHECK(sizes(chunk(x, 9), 0) == Sizes{1, 1, 1, 1, 1, 1, 1});
  CHECK(sizes(split(Tensor::zeros({0, 2}), 3), 0) == Sizes{0});
  CHECK(sizes(chunk(Tensor::zeros({0, 2}), 3), 0) == Sizes{0, 0, 0});
  CHECK(memory_of(split(x, 3)[1].value()) == memory_of(x.rows(3, 6)));
  CHECK(split(x, std::numeric_limits<std::int64_t>::max())[0].shape() == x.shape());
}

TEST_CASE("split, chunk, flip: what does not fit is refused") {
  const Tensor x = counting({7, 2});
  CHECK_THROWS_WITH_AS(split(x, 0), "[split] a part must have at least 1 element, got 0", Error);
  CHECK_THROWS_WITH_AS(split(x, {3, 5}), "[split] sizes {3, 5} do not make up axis 0 of [7, 2]",
                       Error);
  CHECK_THROWS_WITH_AS(split(x, {3, 3}), "[split] sizes {3, 3} do not make up axis 0 of [7, 2]",
                       Error);
  CHECK_THROWS_WITH_AS(split(x, {9, -2}, 0),
                       "[split] sizes {9, -2} do not make up axis 0 of [7, 2]", Error);
  CHECK_THROWS_WITH_AS(split(x, {-2, 9}, 0),
                       "[split] sizes {-2, 9} do not make up axis 0 of [7, 2]", Error);
  CHECK_THROWS_WITH_AS(chunk(x, 0), "[chunk] expected at least 1 part, got 0", Error);
  CHECK_THROWS_WITH_AS(chunk(x, 2, 2), "[chunk] axis 2 is out of range [-2, 2)", Error);
  CHECK_THROWS_WITH_AS(flip(x, {0, -2}), "[flip] axis 0 appears twice in {0, -2}", Error);
}

TEST_CASE("flip: any element type, and copies") {
  const Tensor x = Tensor::from<std::uint8_t>({1, 2, 3, 4}, {2, 2});
  CHECK(flip(x, {0, 1}).to_vector<std::uint8_t>() == std::vector<std::uint8_t>{4, 3, 2, 1});
  CHECK(memory_of(flip(x, {}).value()) != x.raw());
  CHECK(flip(Tensor::zeros({0, 3}), 0).shape() == Shape{0, 3});
}
