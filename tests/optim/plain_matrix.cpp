#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

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

// Eigenvectors of a symmetric matrix as columns, that of the largest value first, by rotations
// (Jacobi).
Matrix jacobi(Matrix a) {
  const std::int64_t n = a.rows;
  Matrix q{n, n, std::vector<double>(a.x.size())};
  for (std::int64_t i = 0; i < n; ++i) q.at(i, i) = 1;
  for (int sweep = 0; sweep < 60; ++sweep)
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t j = i + 1; j < n; ++j) {
        if (a.at(i, j) == 0) continue;
        const double angle = 0.5 * std::atan2(2 * a.at(i, j), a.at(i, i) - a.at(j, j));
        const double c = std::cos(angle), s = std::sin(angle);
        Matrix turn{n, n, std::vector<double>(a.x.size())};
        for (std::int64_t k = 0; k < n; ++k) turn.at(k, k) = 1;
        turn.at(i, i) = turn.at(j, j) = c;
        turn.at(j, i) = s;
        turn.at(i, j) = -s;
        a = times(times(transposed(turn), a), turn);
        q = times(q, turn);
      }
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(),
            [&](std::int64_t i, std::int64_t j) { return a.at(i, i) > a.at(j, j); });
  Matrix sorted = q;
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = 0; j < n; ++j)
      sorted.at(i, j) = q.at(i, order[static_cast<std::size_t>(j)]);
  return sorted;
}

// The Q of a QR, by Gram and Schmidt, twice.
Matrix gram_schmidt(Matrix a) {
  for (std::int64_t j = 0; j < a.columns; ++j)
    for (int again = 0; again < 2; ++again) {
      for (std::int64_t k = 0; k < j; ++k) {
        double dot = 0;
        for (std::int64_t i = 0; i < a.rows; ++i) dot += a.at(i, j) * a.at(i, k);
        for (std::int64_t i = 0; i < a.rows; ++i) a.at(i, j) -= dot * a.at(i, k);
      }
      double squares = 0;
      for (std::int64_t i = 0; i < a.rows; ++i) squares += a.at(i, j) * a.at(i, j);
      for (std::int64_t i = 0; i < a.rows; ++i) a.at(i, j) /= std::sqrt(squares);
    }
  return a;
}

// What SOAP's power step makes of a basis, and where its columns come from.
std::pair<Matrix, std::vector<std::int64_t>> power_step(const Matrix& moment, const Matrix& q) {
  const Matrix product = times(moment, q), diagonal = times(transposed(q), product);
  std::vector<std::int64_t> order(static_cast<std::size_t>(q.rows));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t i, std::int64_t j) {
    return diagonal.at(i, i) > diagonal.at(j, j);
  });
  Matrix sorted = product;
  for (std::int64_t i = 0; i < q.rows; ++i)
    for (std::int64_t j = 0; j < q.columns; ++j)
      sorted.at(i, j) = product.at(i, order[static_cast<std::size_t>(j)]);
  return {gram_schmidt(sorted), order};
}

PlainRow soap() {
  return {
      "SOAP",
      {{"lr", 0.02},
       {"beta1", 0.8},
       {"beta2", 0.9},
       {"weight_decay", 0.1},
       {"precondition_frequency", 7}},
      [](std::vector<PlainParameter>& all) {
        for (PlainParameter& x : all) {
          const auto rows = static_cast<std::size_t>(x.rows),
                     columns = static_cast<std::size_t>(x.columns);
          const Matrix g{x.rows, x.columns, x.g};
          std::vector<double>&left = x.keep("l", rows * rows), &q = x.keep("q", rows * rows);
          std::vector<double>&right = x.keep("r", columns * columns),
          &s = x.keep("s", columns * columns);
          std::vector<double>&m = x.keep("m"), &v = x.keep("v");
          const int t = x.t - 1;  // the first step builds the bases
          if (t > 0) {
            const Matrix Q{x.rows, x.rows, q}, S{x.columns, x.columns, s};
            const Matrix turned = times(times(transposed(Q), g), S);
            for (std::size_t i = 0; i < m.size(); ++i) {
              m[i] = 0.8 * m[i] + 0.2 * x.g[i];
              v[i] = 0.9 * v[i] + 0.1 * turned.x[i] * turned.x[i];
            }
            Matrix u = times(times(transposed(Q), Matrix{x.rows, x.columns, m}), S);
            for (std::size_t i = 0; i < m.size(); ++i) u.x[i] /= std::sqrt(v[i]) + 1e-8;
            u = times(times(Q, u), transposed(S));
            const double size = 0.02 * std::sqrt(1 - std::pow(0.9, t)) / (1 - std::pow(0.8, t));
            for (std::size_t i = 0; i < m.size(); ++i)
              x.p[i] -= size * u.x[i] + 0.02 * 0.1 * x.p[i];
          }
          const Matrix of_rows = times(g, transposed(g)), of_columns = times(transposed(g), g);
          for (std::size_t i = 0; i < left.size(); ++i)
            left[i] = 0.9 * left[i] + 0.1 * of_rows.x[i];
          for (std::size_t i = 0; i < right.size(); ++i)
            right[i] = 0.9 * right[i] + 0.1 * of_columns.x[i];
          if (t == 0) {
            q = jacobi({x.rows, x.rows, left}).x;
            s = jacobi({x.columns, x.columns, right}).x;
          } else if (t % 7 == 0) {
            const auto [new_q, from_rows] = power_step({x.rows, x.rows, left}, {x.rows, x.rows, q});
            const auto [new_s, from_columns] =
                power_step({x.columns, x.columns, right}, {x.columns, x.columns, s});
            const std::vector<double> before = v;
            for (std::size_t i = 0; i < rows; ++i)
              for (std::size_t j = 0; j < columns; ++j)
                v[i * columns + j] = before[static_cast<std::size_t>(from_rows[i]) * columns +
                                            static_cast<std::size_t>(from_columns[j])];
            q = new_q.x;
            s = new_s.x;
          }
        }
      },
      "",
      false,
      1e-8};
}

}  // namespace

std::vector<PlainRow> plain_soap_rows() { return {soap()}; }

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
