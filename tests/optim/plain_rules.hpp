// Update rules once more, as plain loops in double over all elements, from the papers' formulas.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <plumb/optim.hpp>
#include <string>
#include <vector>

namespace plumb::test {

/// A parameter [rows, columns] and whatever a rule keeps of it, which begins as zeros.
struct PlainParameter {
  std::int64_t rows, columns;
  std::vector<double> p, g;
  int t = 0;  // of this step, from 1
  std::map<std::string, std::vector<double>> kept = {};

  std::vector<double>& keep(const std::string& name, std::size_t size = 0) {
    std::vector<double>& x = kept[name];
    x.resize(size == 0 ? p.size() : size);
    return x;
  }
};

/// A step of all parameters by their gradients.
using PlainStep = std::function<void(std::vector<PlainParameter>& all)>;

/// A rule under some options, and the same written plainly. `judged` is what the plain one keeps of
/// the weights to judge by. Where signs turn as rounding does, float32 is not compared.
struct PlainRow {
  std::string rule;
  optim::Settings options;
  PlainStep step;
  std::string judged = "";
  bool by_sign = false;
  double tolerance = 1e-10;  // in float64
};

std::vector<PlainRow> plain_elementwise_rows();
std::vector<PlainRow> plain_whole_tensor_rows();
/// Of rules for matrices.
std::vector<PlainRow> plain_matrix_rows();
/// Where a side is no more than one longer than the other: of several eigenvalues of 0 the vectors
/// are any.
std::vector<PlainRow> plain_soap_rows();

}  // namespace plumb::test
