// What operations say of inputs that are undefined.
#include <doctest/doctest.h>

#include <plumb/autograd.hpp>

#include "../reference/operations.hpp"
#include "../support/errors.hpp"

using namespace plumb;
using plumb::test::contains;
using plumb::test::error_of;

TEST_CASE("undefined: every operation refuses it by its own name") {
  for (const auto& [family, table] : test::operations())
    for (const test::ReferenceCase& it : test::read_reference(family)) {
      INFO(it.where);
      const auto refusal = [&, &table = table](const std::vector<Variable>& inputs,
                                               const std::vector<Tensor>& constants) {
        const std::string error =
            error_of([&] { table.at(it.operation)(it.options, inputs, constants); });
        CHECK(error.rfind("[Tensor]", 0) != 0);
        CHECK(error.rfind("[Variable]", 0) != 0);
        return error;
      };
      const std::vector<Variable> inputs(it.inputs.begin(), it.inputs.end());
      for (std::size_t i = 0; i < inputs.size(); ++i) {
        CAPTURE(i);
        if (it.operation == "rotary") continue;  // whose table looks at x for the angles
        std::vector<Variable> some = inputs;
        some[i] = Variable();
        const std::string error = refusal(some, it.constants);  // "" where it may be left out
        if (i == 0) CHECK(contains(error, " is undefined"));
      }
      for (std::size_t i = 0; i < it.constants.size(); ++i) {
        CAPTURE(i);
        std::vector<Tensor> some = it.constants;
        some[i] = Tensor();
        refusal(inputs, some);
      }
    }
}

TEST_CASE("undefined: which input it is, where there are several") {
  const Tensor none;
  const Variable x = Tensor::ones({2, 3});
  CHECK(error_of([&] { relu(none); }) == "[relu] the input is undefined");
  CHECK(error_of([&] { sum(Variable()); }) == "[sum] the input is undefined");
  CHECK(error_of([&] { x + none; }) == "[add] input 2 of 2 is undefined");
  CHECK(error_of([&] { matmul(none, none); }) == "[matmul] input 1 of 2 is undefined");
  CHECK(error_of([&] { linear(x, none); }) == "[linear] input 2 of 2 is undefined");
  CHECK(error_of([&] { conv2d(x, none); }) == "[conv2d] input 2 of 2 is undefined");
  CHECK(error_of([&] { cross_entropy(x, none); }) == "[cross_entropy] input 2 of 2 is undefined");
  CHECK(error_of([&] { mse(x, none); }) == "[mse] input 2 of 2 is undefined");
  CHECK(error_of([&] { embedding(x, none); }) == "[embedding] input 2 of 2 is undefined");
  CHECK(error_of([&] { gather(x, 0, none); }) == "[gather] input 2 of 2 is undefined");
  CHECK(error_of([&] { where(none, x, x); }) == "[where] input 1 of 3 is undefined");
  CHECK(error_of([&] { layer_norm(none, {3}); }) == "[layer_norm] the input is undefined");
  CHECK(error_of([&] { rotary(none, rotary_angles(2, 4)); }) ==
        "[rotary] input 1 of 2 is undefined");
  CHECK(error_of([&] { concat({x, none}, 0); }) == "[concat] part 1 is undefined");
  CHECK(error_of([&] { stack({none}, 0); }) == "[stack] part 0 is undefined");
  CHECK(error_of([&] { Variable().rows(0, 1); }) == "[rows] the input is undefined");
  CHECK(error_of([&] { return x > Variable(); }) == "[greater] input 2 of 2 is undefined");
}

TEST_CASE("undefined: operators of tensors say the same") {
  const Tensor none, x = Tensor::ones({2});
  CHECK(error_of([&] { x + none; }) == "[add] input 2 of 2 is undefined");
  CHECK(error_of([&] { none - x; }) == "[sub] input 1 of 2 is undefined");
  CHECK(error_of([&] { none * 2; }) == "[mul] the input is undefined");
  CHECK(error_of([&] { 2 - none; }) == "[sub] the input is undefined");
  CHECK(error_of([&] { 2 / none; }) == "[div] the input is undefined");
  CHECK(error_of([&] { return x <= none; }) == "[less_equal] input 2 of 2 is undefined");
  CHECK(error_of([&] { equal(none, 1); }) == "[equal] the input is undefined");
  CHECK(error_of([&] { argmax(none); }) == "[argmax] the input is undefined");
}
