#include <algorithm>
#include <cmath>

#include "plain_rules.hpp"

namespace plumb::test {
namespace {

// [rows, columns], row by row.
struct Matrix {
  std::int64_t rows, columns;
  std::vector<double> x;

  double& at(std::int64_t i, std::int64_t j) {
    return x[static_cast<std::size_t>(i * columns + j)];
  }
  double at(std::int64_t i, std::int64_t j) const {
    return x[static_cast<std::size_t>(i * columns + j)];
  }
};

Matrix times(const Matrix& a, const Matrix& b) {
  Matrix c{a.rows, b.columns, std::vector<double>(static_cast<std::size_t>(a.rows * b.columns))};
  for (std::int64_t i = 0; i < c.rows; ++i)
    for (std::int64_t j = 0; j < c.columns; ++j)
      for (std::int64_t k = 0; k < a.columns; ++k) c.at(i, j) += a.at(i, k) * b.at(k, j);
  return c;
}

Matrix transposed(const Matrix& a) {
  Matrix b{a.columns, a.rows, a.x};
  for (std::int64_t i = 0; i < a.rows; ++i)
    for (std::int64_t j = 0; j < a.columns; ++j) b.at(j, i) = a.at(i, j);
  return b;
}

Matrix newton_schulz(Matrix x) {
  double squares = 0;
  for (const double value : x.x) squares += value * value;
  for (double& value : x.x) value /= std::sqrt(squares) + 1e-7;
  for (int step = 0; step < 5; ++step) {
    const Matrix a = times(x, transposed(x)), aa = times(a, a);
    Matrix b = a;
    for (std::size_t i = 0; i < b.x.size(); ++i) b.x[i] = -4.7750 * a.x[i] + 2.0315 * aa.x[i];
    const Matrix bx = times(b, x);
    for (std::size_t i = 0; i < x.x.size(); ++i) x.x[i] = 3.4445 * x.x[i] + bx.x[i];
  }
  return x;
}

enum class Average { exponential, debiased, heavy_ball };

// X X^T on the smaller side or on the larger comes to the same: here always X X^T.
PlainRow muon(Average average, bool nesterov) {
  return {"Muon",
          {{"lr", 0.05}, {"momentum", 0.8}, {"weight_decay", 0.1}, {"nesterov", nesterov}},
          [=](std::vector<PlainParameter>& all) {
            for (PlainParameter& x : all) {
              std::vector<double>& m = x.keep("m");
              Matrix u{x.rows, x.columns, x.g};
              const double take = average == Average::heavy_ball ? 1 : 0.2;
              const double weight =
                  average != Average::debiased ? 1 : 1 - std::pow(0.8, nesterov ? x.t + 1 : x.t);
              for (std::size_t i = 0; i < m.size(); ++i) {
                m[i] = 0.8 * m[i] + take * x.g[i];
                u.x[i] = (nesterov ? 0.8 * m[i] + take * x.g[i] : m[i]) / weight;
              }
              const Matrix step = newton_schulz(u);
              const double rows = static_cast<double>(x.rows),
                           columns = static_cast<double>(x.columns);
              const double longer = std::sqrt(std::max(1.0, rows / columns));
              for (std::size_t i = 0; i < m.size(); ++i)
                x.p[i] -= 0.05 * (longer * step.x[i] + 0.1 * x.p[i]);
            }
          },
          "",
          false,
          average == Average::exponential ? 1e-10 : 1e-5};
}

}  // namespace

// The three averages differ by a factor, which the direction does not see, but for the 1e-7 beside
// the norm.
std::vector<PlainRow> plain_matrix_rows() {
  std::vector<PlainRow> rows;
  for (const bool nesterov : {true, false})
    for (const Average average : {Average::exponential, Average::debiased, Average::heavy_ball})
      rows.push_back(muon(average, nesterov));
  return rows;
}

}  // namespace plumb::test
