#include <doctest/doctest.h>

#include <plumb/autograd/gradcheck.hpp>
#include <plumb/autograd/ops/einsum.hpp>
#include <plumb/autograd/ops/matmul.hpp>
#include <plumb/core/tensor/hash.hpp>
#include <plumb/core/tensor/operators.hpp>

#include "../../support/compare.hpp"
#include "../../support/errors.hpp"
#include "../../support/random.hpp"
#include "../../support/threads.hpp"

using namespace plumb;
using plumb::test::deviation;
using plumb::test::error_of;
using plumb::test::normal;
using plumb::test::Threads;

TEST_CASE("einsum: products of matrices are those of matmul, to the bit") {
  const Tensor a = normal({2, 3, 4}), b = normal({2, 4, 5});
  CHECK(hash(einsum("bij,bjk->bik", a, b).value()) == hash(matmul(a, b).value()));
  CHECK(hash(einsum("bji,bkj->bik", a.reshape({2, 4, 3}), b.reshape({2, 5, 4})).value()) ==
        hash(matmul(a.reshape({2, 4, 3}), b.reshape({2, 5, 4}), Transpose::yes, Transpose::yes)
                 .value()));
}

TEST_CASE("einsum: diagonals, sums, scalars and blanks") {
  const Tensor x = Tensor::arange(9, DType::float64).reshape({3, 3});
  CHECK(einsum("ii->i", x).to_vector<double>() == std::vector<double>{0, 4, 8});
  CHECK(einsum(" i i ", x).item() == 12);
  CHECK(einsum("ij->", x).item() == 36);
  CHECK(einsum("ij -> j", x).to_vector<double>() == std::vector<double>{9, 12, 15});
  CHECK(einsum("ba", x).to_vector<double>() == std::vector<double>{0, 3, 6, 1, 4, 7, 2, 5, 8});
  CHECK(einsum("", Tensor::scalar(3)).item() == 3);
  CHECK(einsum(",->", Tensor::scalar(3), Tensor::scalar(4)).item() == 12);
  CHECK(einsum("ii->i", Tensor::zeros({0, 0})).shape() == Shape{0});
}

TEST_CASE("einsum: gradcheck") {
  const auto check = [](const char* equation, const std::vector<Tensor>& inputs) {
    CAPTURE(equation);
    CHECK_NOTHROW(gradcheck(
        [&](const std::vector<Variable>& in) {
          return in.size() == 1 ? einsum(equation, in[0]) : einsum(equation, in[0], in[1]);
        },
        inputs));
  };
  check("iij->ji", {normal({3, 3, 2})});
  check("bhqd,bhkd->bhqk", {normal({2, 1, 3, 2}), normal({2, 1, 2, 2})});
  check("ij,ij->i", {normal({2, 3}), normal({1, 3})});
  check("ij,kl->jk", {normal({2, 3}), normal({2, 2})});
  check("ij,jk->k", {normal({2, 1}), normal({3, 2})});
}

TEST_CASE("einsum: one operand twice gets both gradients") {
  const Variable x = Variable::leaf(normal({3}));
  einsum("i,i->", x, x).backward();
  CHECK(deviation(x.grad(), Tensor::from(std::vector<double>{2, 2, 2}) * x.value()) <= 1e-15);
}

TEST_CASE("einsum: the same bits for any number of threads") {
  const Tensor a = normal({6, 50, 40}, DType::float32), b = normal({6, 70, 40}, DType::float32);
  const auto fingerprint = [&](int threads) {
    const Threads scope(threads);
    const Variable first = Variable::leaf(a), second = Variable::leaf(b);
    const Variable y = einsum("bqd,bkd->kqb", first, second);
    y.backward(y.value());
    return hash(first.grad(), hash(second.grad(), hash(y.value())));
  };
  const std::uint64_t expected = fingerprint(1);
  for (const int threads : test::more_threads()) CHECK(fingerprint(threads) == expected);
}

TEST_CASE("einsum: what does not read so or does not fit is refused, with the equation") {
  const Tensor x = Tensor::zeros({2, 3}), y = Tensor::zeros({3, 4});
  CHECK(error_of([&] { einsum("ij,jk->ik", x); }) ==
        "[einsum] \"ij,jk->ik\" has 2 operands, given 1");
  CHECK(error_of([&] { einsum("ij->ij", x, y); }) == "[einsum] \"ij->ij\" has 1 operand, given 2");
  CHECK(error_of([&] { einsum("ij,jk->iz", x, y); }) ==
        "[einsum] no operand has the axis z of the result in \"ij,jk->iz\"");
  CHECK(error_of([&] { einsum("ij->ii", x); }) ==
        "[einsum] the result has the axis i twice in \"ij->ii\"");
  CHECK(error_of([&] { einsum("ijk->i", x); }) ==
        "[einsum] \"ijk\" does not name the axes of [2, 3] in \"ijk->i\"");
  CHECK(error_of([&] { einsum("ii", x); }) ==
        "[einsum] the axes i of [2, 3] have sizes 2 and 3 in \"ii\"");
  CHECK(error_of([&] { einsum("ij,ij->ij", x, y); }) ==
        "[einsum] the axis i has sizes 2 and 3 in \"ij,ij->ij\"");
  CHECK(error_of([&] { einsum("i...->i", x); }) ==
        "[einsum] expected letters, one comma at most and \"->\", got ... at 1 in \"i...->i\"");
  CHECK(error_of([&] { einsum("i1", x); }) ==
        "[einsum] expected letters, one comma at most and \"->\", got 1 at 1 in \"i1\"");
  CHECK(error_of([&] { einsum("ij->i->", x); }) ==
        "[einsum] expected letters, one comma at most and \"->\", got - at 5 in \"ij->i->\"");
  CHECK(error_of([&] { einsum("ij,jk", x, y.to(DType::float64)); }) ==
        "[einsum] element types differ: float32 and float64; Tensor::from({1.0}) is float64: write "
        "1.0f, or convert with to(DType::float32)");
}
