#include <doctest/doctest.h>

#include <plumb/autograd.hpp>

using namespace plumb;

namespace {

// A user's operation, as in the README.
Variable square(const Variable& x) {
  return record("square", x.value() * x.value(), {x},
                [x = Saved(x)](const Tensor& g, Gradients& to) { to.give(0, 2 * g * x); });
}

}  // namespace

TEST_CASE("record: an operation of one's own passes gradcheck") {
  gradcheck([](const std::vector<Variable>& x) { return square(x[0]); },
            {Tensor::from({1., -2., 3.})});
}

TEST_CASE("record: a list of inputs known at run time") {
  std::vector<Variable> inputs;
  for (int i = 0; i < 5; ++i) inputs.push_back(Variable::leaf(Tensor::full({1}, i)));
  Tensor total = Tensor::zeros({1});
  for (const Variable& input : inputs) total = total + input.value();
  const Variable y = record("total", total, inputs, [](const Tensor& g, Gradients& to) {
    for (std::size_t i = 0; i < 5; ++i) to.give(i, g * static_cast<double>(i));
  });
  y.backward();
  for (std::size_t i = 0; i < 5; ++i) CHECK(inputs[i].grad().item() == static_cast<double>(i));
}

TEST_CASE("record: integers carry no gradient") {
  const Variable x = Variable::leaf(Tensor::ones({1}));
  const Variable y =
      record("cast", x.value().to(DType::int64), {x}, [](const Tensor&, Gradients&) {});
  CHECK_FALSE(y.requires_grad());
}

TEST_CASE("Saved: reads like the tensor until that changes in place") {
  Tensor x = Tensor::from({1.f, 2.f});
  const Saved saved(x);
  CHECK((saved * 2.0).at({1}) == 4);
  x.fill(0);
  CHECK_THROWS_AS(saved.get(), Error);
  CHECK_FALSE(Saved(Tensor()).get().defined());
}

TEST_CASE("Gradients: write hands out the leaf's own buffer, to overwrite and then to add to") {
  Variable x = Variable::leaf(Tensor::ones({1}));
  std::vector<Write> modes;
  const auto pass = [&] {
    record("probe", x.value().clone(), {x}, [&](const Tensor&, Gradients& to) {
      to.write(0, [&](Tensor& dx, Write mode) {
        modes.push_back(mode);
        const float before = mode == Write::overwrite ? 0 : dx.item<float>();
        dx.fill(before + 1);
      });
    }).backward();
  };
  pass();
  pass();
  CHECK(x.grad().item() == 2);
  x.zero_grad();
  pass();
  CHECK(x.grad().item() == 1);
  CHECK(modes == std::vector<Write>{Write::overwrite, Write::accumulate, Write::overwrite});
}
