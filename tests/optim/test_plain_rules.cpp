// 100 steps of every rule beside the same rule as plain loops in double.
#include <algorithm>
#include <cmath>

#include "plain_rules.hpp"
#include "rules.hpp"

namespace plumb::test {
namespace {

// Gradients that pull each element to 0 and are disturbed, of values at step t.
std::vector<double> disturbed_gradient(const std::vector<double>& p, int t) {
  std::vector<double> g;
  for (std::size_t i = 0; i < p.size(); ++i) {
    const auto k = static_cast<double>(i);
    g.push_back((1 + std::sin(k) / 2) * p[i] + std::sin(1.7 * t + 2.3 * k));
  }
  return g;
}

Parameter plain_start(const std::string& name, const Shape& shape, DType dtype) {
  Tensor value = Tensor::empty(shape, DType::float64);
  double* p = value.mutable_data<double>();
  for (std::int64_t i = 0; i < value.numel(); ++i)
    p[i] = 1 + std::cos(1.3 * static_cast<double>(i) + shape.rank());
  return {name, Variable::leaf(value.to(dtype))};
}

// The largest difference from the plain rule in 100 steps, relative to the largest element.
double deviation(const PlainRow& row, const Parameters& parameters) {
  std::vector<PlainParameter> plain;
  for (const Parameter& p : parameters) {
    const std::int64_t rows = p.variable.rank() == 0 ? 1 : p.variable.dim(0);
    plain.push_back({rows, p.variable.numel() / rows, values(p), {}});
  }
  const auto optimizer = make_optimizer(row.rule, {{parameters, row.options}});
  double difference = 0, largest = 0;
  const auto compare = [&](const std::vector<double>& actual, const std::vector<double>& expected) {
    for (std::size_t i = 0; i < actual.size(); ++i) {
      REQUIRE(std::isfinite(actual[i]));
      difference = std::max(difference, std::abs(actual[i] - expected[i]));
      largest = std::max(largest, std::abs(expected[i]));
    }
  };
  for (int t = 1; t <= 100; ++t) {
    for (std::size_t k = 0; k < plain.size(); ++k) {
      plain[k].g = disturbed_gradient(plain[k].p, t);
      set_grad(parameters[k],
               plain[k].g);  // of the plain values: differences do not feed themselves
      plain[k].t = t;
    }
    optimizer->step();
    row.step(plain);
    for (std::size_t k = 0; k < plain.size(); ++k) compare(values(parameters[k]), plain[k].p);
  }
  optimizer->swap_in();
  for (std::size_t k = 0; k < plain.size(); ++k)
    compare(values(parameters[k]), row.judged.empty() ? plain[k].p : plain[k].kept.at(row.judged));
  return difference / largest;
}

void check_rows(const std::vector<PlainRow>& rows, const std::vector<Shape>& shapes) {
  for (const PlainRow& row : rows)
    for (const DType dtype : {DType::float64, DType::float32}) {
      if (row.by_sign && dtype == DType::float32) continue;
      INFO(row.rule << " " << to_string(row.options) << errors::text(" ", dtype));
      Parameters parameters;
      for (const Shape& shape : shapes)
        parameters.push_back(
            plain_start(errors::text("p", std::uint64_t{parameters.size()}), shape, dtype));
      const double found = deviation(row, parameters);
      CHECK(found < (dtype == DType::float64 ? row.tolerance : 1e-4));
    }
}

}  // namespace

TEST_CASE("plain rules: elementwise rules, 100 steps") {
  check_rows(plain_elementwise_rows(), {{4, 3}, {5}, {}});
}

TEST_CASE("plain rules: rules that look at whole tensors, 100 steps") {
  check_rows(plain_whole_tensor_rows(), {{4, 3}, {5}});
}

TEST_CASE("plain rules: rules of matrices, 100 steps, whichever average feeds Muon") {
  check_rows(plain_matrix_rows(), {{4, 3}, {2, 5}, {3, 2, 2}, {1, 1}});
}

TEST_CASE("plain rules: SOAP, 100 steps") { check_rows(plain_soap_rows(), {{4, 3}, {3, 2, 2}}); }

}  // namespace plumb::test
