#include "check.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <plumb/autograd/gradcheck.hpp>
#include <plumb/autograd/internal/gradients_or_zeros.hpp>
#include <set>

#include "../support/compare.hpp"
#include "../support/errors.hpp"

namespace plumb::test {

namespace {

std::vector<Tensor> constants_of(const ReferenceCase& it, DType dtype) {
  std::vector<Tensor> constants;
  for (const Tensor& constant : it.constants)
    constants.push_back(is_floating(constant.dtype()) ? constant.to(dtype) : constant);
  return constants;
}

// The result of a case in `dtype`, then the gradients of its inputs.
std::vector<Tensor> carry_out(const Operation& operation, const ReferenceCase& it, DType dtype) {
  std::vector<Variable> inputs;
  for (const Tensor& input : it.inputs) inputs.push_back(Variable::leaf(input.to(dtype)));
  const Variable result = operation(it.options, inputs, constants_of(it, dtype));
  result.backward(it.seed.to(dtype));
  std::vector<Tensor> tensors = {result.value()};
  for (const Variable& input : inputs) tensors.push_back(input.grad());
  return tensors;
}

// The gradients once more, as a pass gives them that records them.
std::vector<Variable> recorded_gradients(const Operation& operation, const ReferenceCase& it,
                                         DType dtype) {
  std::vector<Variable> inputs;
  for (const Tensor& input : it.inputs) inputs.push_back(Variable::leaf(input.to(dtype)));
  const Variable result = operation(it.options, inputs, constants_of(it, dtype));
  return grad({result}, inputs, {Variable(it.seed.to(dtype))}, create_graph);
}

// gelu in its exact form keeps the slope in place of x there.
bool refused_in_float32(const std::string& error) {
  return contains(error, "[backward of gelu] in float32");
}

// As `direction` in generate.py.
Tensor direction(const Shape& shape, std::int64_t offset) {
  Tensor v = Tensor::empty(shape, DType::float64);
  double* element = v.mutable_data<double>();
  for (std::int64_t i = 0; i < v.numel(); ++i)
    element[i] = static_cast<double>((5 * i + 3 * offset) % 7 - 3) / 4;
  return v;
}

// The products that the file has under `second`, and how large the sums behind them are.
struct SecondProducts {
  std::vector<double> products, sizes;
};

SecondProducts second_products(const Operation& operation, const ReferenceCase& it, DType dtype) {
  std::vector<Variable> inputs;
  for (const Tensor& input : it.inputs) inputs.push_back(Variable::leaf(input.to(dtype)));
  const Variable seed = Variable::leaf(it.seed.to(dtype));
  const Variable result = operation(it.options, inputs, constants_of(it, dtype));
  const std::vector<Variable> gradients = grad({result}, inputs, {seed}, create_graph);
  std::vector<Tensor> directions;
  for (const Variable& gradient : gradients)
    directions.push_back(
        direction(gradient.shape(), static_cast<std::int64_t>(directions.size())).to(dtype));
  inputs.push_back(seed);
  SecondProducts found;
  for (const Tensor& each : detail::gradients_or_zeros(gradients, inputs, directions)) {
    CHECK(each.dtype() == dtype);
    const Tensor second = each.to(DType::float64);
    const Tensor v =
        direction(second.shape(), static_cast<std::int64_t>(found.products.size()) + 1);
    double product = 0, size = 1;
    for (std::int64_t i = 0; i < second.numel(); ++i) {
      const double term = second.data<double>()[i] * v.data<double>()[i];
      product += term;
      size += std::abs(term);
    }
    found.products.push_back(product);
    found.sizes.push_back(size);
  }
  return found;
}

}  // namespace

void check_second_reference(const std::string& family, const Table& table, DType dtype,
                            std::map<std::string, int>& checked) {
  const double tolerance = dtype == DType::float64 ? 1e-10 : 1e-4;
  for (const ReferenceCase& it : read_reference(family)) {
    if (it.second.empty()) continue;
    INFO(it.where);
    SecondProducts actual;
    const std::string error =
        error_of([&] { actual = second_products(table.at(it.operation), it, dtype); });
    if (dtype == DType::float32 && refused_in_float32(error)) continue;
    REQUIRE(error == "");
    ++checked[it.operation];
    REQUIRE(actual.products.size() == it.second.size());
    for (std::size_t i = 0; i < it.second.size(); ++i) {
      CAPTURE(i);
      CHECK(std::abs(actual.products[i] - it.second[i]) <= tolerance * actual.sizes[i]);
    }
  }
}

void check_reference(const std::string& family, const Table& table, DType dtype) {
  const double tolerance = dtype == DType::float64 ? 1e-10 : 4e-6;
  for (const ReferenceCase& it : read_reference(family)) {
    INFO(it.where);
    REQUIRE(table.count(it.operation) == 1);
    std::vector<Tensor> actual;
    REQUIRE_NOTHROW(actual = carry_out(table.at(it.operation), it, dtype));
    CHECK(it.options.unread() == "");
    CHECK(actual[0].dtype() == dtype);
    CHECK(deviation(actual[0], it.result) <= tolerance);
    for (std::size_t i = 0; i < it.gradients.size(); ++i) {
      CAPTURE(i);
      CHECK(deviation(actual[i + 1], it.gradients[i]) <= tolerance);
    }
    std::vector<Variable> recorded;
    const std::string error =
        error_of([&] { recorded = recorded_gradients(table.at(it.operation), it, dtype); });
    if (dtype == DType::float32 && refused_in_float32(error)) continue;
    CHECK(error == "");
    for (std::size_t i = 0; i < recorded.size(); ++i) {
      CAPTURE(i);
      CHECK(deviation(recorded[i].value(), it.gradients[i]) <= 3 * tolerance);
    }
  }
}

std::string uncovered(const std::string& family, const Table& table) {
  std::set<std::string> covered;
  for (const ReferenceCase& it : read_reference(family))
    if (!it.edge) covered.insert(it.operation);
  std::string names;
  for (const auto& [name, operation] : table)
    if (covered.count(name) == 0) names += name + " ";
  return names;
}

void check_gradients(const std::string& family, const Table& table) {
  for (const ReferenceCase& it : read_reference(family)) {
    if (it.edge) continue;
    INFO(it.where);
    REQUIRE(table.count(it.operation) == 1);
    const auto function = [&](const std::vector<Variable>& inputs) {
      return table.at(it.operation)(it.options, inputs, it.constants);
    };
    CHECK_NOTHROW(gradcheck(function, it.inputs));
  }
}

void check_second_gradients(const std::string& family, const Table& table) {
  constexpr std::int64_t most = 60;  // elements: each is moved, and all gradients taken
  std::set<std::string> checked;
  for (const ReferenceCase& it : read_reference(family)) {
    std::int64_t elements = it.result.numel();
    for (const Tensor& input : it.inputs) elements += input.numel();
    if (it.edge || (elements > most && checked.count(it.operation) > 0)) continue;
    checked.insert(it.operation);
    INFO(it.where);
    REQUIRE(table.count(it.operation) == 1);
    const auto function = [&](const std::vector<Variable>& inputs) {
      return table.at(it.operation)(it.options, inputs, it.constants);
    };
    CHECK_NOTHROW(gradgradcheck(function, it.inputs));
  }
}

}  // namespace plumb::test
