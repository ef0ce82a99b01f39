#include "check.hpp"

#include <doctest/doctest.h>

#include <plumb/autograd/gradcheck.hpp>
#include <set>

#include "../support/compare.hpp"

namespace plumb::test {

namespace {

// The result of a case in `dtype`, then the gradients of its inputs.
std::vector<Tensor> carry_out(const Operation& operation, const ReferenceCase& it, DType dtype) {
  std::vector<Variable> inputs;
  for (const Tensor& input : it.inputs) inputs.push_back(Variable::leaf(input.to(dtype)));
  std::vector<Tensor> constants;
  for (const Tensor& constant : it.constants)
    constants.push_back(is_floating(constant.dtype()) ? constant.to(dtype) : constant);
  const Variable result = operation(it.options, inputs, constants);
  result.backward(it.seed.to(dtype));
  std::vector<Tensor> tensors = {result.value()};
  for (const Variable& input : inputs) tensors.push_back(input.grad());
  return tensors;
}

}  // namespace

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

}  // namespace plumb::test
