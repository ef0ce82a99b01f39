#include <doctest/doctest.h>

#include <plumb/autograd.hpp>

using namespace plumb;

namespace {

ProfileRow row_of(const Profile& profile, const std::string& operation, Phase phase) {
  for (const ProfileRow& row : profile.rows())
    if (row.operation == operation && row.phase == phase) return row;
  FAIL("no row for ", operation);
  return {};
}

Variable leaf_of_ones(const Shape& shape) { return Variable::leaf(Tensor::ones(shape)); }

}  // namespace

TEST_CASE("profile: forward and backward of an elementwise operation, with their bytes") {
  const Variable a = leaf_of_ones({3, 5}), b = leaf_of_ones({5});
  const Profile profile;
  for (int i = 0; i < 2; ++i) sum(a * b).backward();

  const ProfileRow forward = row_of(profile, "mul", Phase::forward);
  CHECK(forward.calls == 2);
  CHECK(forward.bytes == 2 * 4 * (15 + 5 + 15));
  CHECK(forward.flops == 0);
  CHECK(forward.seconds > 0);
  const ProfileRow backward = row_of(profile, "mul", Phase::backward);
  CHECK(backward.calls == 2);
  CHECK(backward.bytes == 2 * 4 * (15 + 15 + 5));
  CHECK(row_of(profile, "sum", Phase::backward).bytes == 2 * 4 * (1 + 15));
}

TEST_CASE("profile: operations of products count the gradients that are wanted") {
  const Variable x = Tensor::ones({7, 3}), w = leaf_of_ones({5, 3}), bias = leaf_of_ones({5});
  const Profile profile;
  sum(linear(x, w, bias)).backward();
  CHECK(row_of(profile, "linear", Phase::forward).flops == 2 * 7 * 3 * 5);
  CHECK(row_of(profile, "linear", Phase::backward).flops == 2 * 7 * 3 * 5);

  // A stack of products with one matrix; both gradients.
  sum(matmul(leaf_of_ones({2, 4, 3}), leaf_of_ones({3, 6}))).backward();
  CHECK(row_of(profile, "matmul", Phase::forward).flops == 2 * 2 * 4 * 3 * 6);
  CHECK(row_of(profile, "matmul", Phase::backward).flops == 2 * (2 * 2 * 4 * 3 * 6));
}

TEST_CASE("profile: operations of convolutions, whatever computes them") {
  Conv2dOptions options;
  options.groups = 2;
  const Profile profile;
  // [2, 6, 8, 9] elements of the result, each the sum of 2 * 3 * 3 products.
  sum(conv2d(leaf_of_ones({2, 4, 10, 11}), leaf_of_ones({6, 2, 3, 3}), {}, options)).backward();
  const double flops = 2.0 * (2 * 6 * 8 * 9) * (2 * 3 * 3);
  CHECK(row_of(profile, "conv2d", Phase::forward).flops == flops);
  CHECK(row_of(profile, "conv2d", Phase::backward).flops == 2 * flops);
}

TEST_CASE("profile: what is not recorded is timed too") {
  const Profile profile;
  const NoGrad no_grad;
  tanh(leaf_of_ones({100}));
  CHECK(row_of(profile, "tanh", Phase::forward).calls == 1);
  CHECK(row_of(profile, "tanh", Phase::forward).bytes == 800);
}
