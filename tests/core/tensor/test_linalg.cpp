#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <plumb/core/tensor/hash.hpp>
#include <plumb/core/tensor/linalg.hpp>
#include <plumb/core/tensor/operators.hpp>
#include <sstream>
#include <thread>

#include "../../support/compare.hpp"
#include "../../support/errors.hpp"
#include "../../support/random.hpp"
#include "../../support/threads.hpp"

using namespace plumb;
using namespace plumb::test;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

Tensor transposed(const Tensor& a) {
  const Tensor x = a.to(DType::float64);
  Tensor y = Tensor::empty({x.dim(1), x.dim(0)}, DType::float64);
  for (std::int64_t i = 0; i < x.dim(0); ++i)
    for (std::int64_t j = 0; j < x.dim(1); ++j)
      y.mutable_data<double>()[j * x.dim(0) + i] = x.data<double>()[i * x.dim(1) + j];
  return y;
}

// In float64, by the definition.
Tensor product(const Tensor& left, const Tensor& right) {
  const Tensor a = left.to(DType::float64), b = right.to(DType::float64);
  const std::int64_t m = a.dim(0), k = a.dim(1), n = b.dim(1);
  Tensor c = Tensor::zeros({m, n}, DType::float64);
  double* out = c.mutable_data<double>();
  for (std::int64_t i = 0; i < m; ++i)
    for (std::int64_t l = 0; l < k; ++l)
      for (std::int64_t j = 0; j < n; ++j)
        out[i * n + j] += a.data<double>()[i * k + l] * b.data<double>()[l * n + j];
  return c;
}

// A square matrix with these numbers on its diagonal.
Tensor diagonal(const std::vector<double>& values) {
  const auto n = static_cast<std::int64_t>(values.size());
  Tensor d = Tensor::zeros({n, n}, DType::float64);
  for (std::int64_t i = 0; i < n; ++i) d.mutable_data<double>()[i * n + i] = values[i];
  return d;
}

Tensor identity(std::int64_t n) { return diagonal(std::vector<double>(n, 1.0)); }

double tolerance(DType dtype) { return dtype == DType::float64 ? 1e-12 : 2e-6; }

// Its columns have length 1 and stand at right angles.
bool orthonormal(const Tensor& q) {
  return deviation(product(transposed(q), q), identity(q.dim(1))) < tolerance(q.dtype());
}

// In each column the first element within 0.1 % of the largest magnitude is positive.
bool signs_hold(const Tensor& columns) {
  const Tensor rows = transposed(columns);
  const std::int64_t n = rows.dim(1);
  for (std::int64_t j = 0; j < rows.dim(0); ++j) {
    const double* v = rows.data<double>() + j * n;
    double largest = 0;
    for (std::int64_t i = 0; i < n; ++i) largest = std::max(largest, std::abs(v[i]));
    const double* first =
        std::find_if(v, v + n, [=](double x) { return std::abs(x) >= 0.999 * largest; });
    if (first == v + n || *first < 0) return false;
  }
  return true;
}

bool sorted(const Tensor& values, bool descending) {
  const std::vector<double> v = values.to(DType::float64).to_vector<double>();
  return descending ? std::is_sorted(v.rbegin(), v.rend()) : std::is_sorted(v.begin(), v.end());
}

void check_qr(const Tensor& a) {
  const auto [q, r] = linalg::qr(a);
  const std::int64_t m = a.dim(0), n = a.dim(1), k = std::min(m, n);
  CHECK(q.dtype() == a.dtype());
  CHECK(r.dtype() == a.dtype());
  REQUIRE(q.shape() == Shape{m, k});
  REQUIRE(r.shape() == Shape{k, n});
  CHECK(deviation(product(q, r), a) < tolerance(a.dtype()));
  CHECK(orthonormal(q));
  const Tensor triangle = r.to(DType::float64);
  for (std::int64_t i = 0; i < k; ++i) {
    CHECK(triangle.data<double>()[i * n + i] >= 0);
    for (std::int64_t j = 0; j < i; ++j) CHECK(triangle.data<double>()[i * n + j] == 0);
  }
}

void check_svd(const Tensor& a) {
  const auto [u, s, vt] = linalg::svd(a);
  const std::int64_t m = a.dim(0), n = a.dim(1), k = std::min(m, n);
  CHECK(u.dtype() == a.dtype());
  CHECK(s.dtype() == a.dtype());
  CHECK(vt.dtype() == a.dtype());
  REQUIRE(u.shape() == Shape{m, k});
  REQUIRE(s.shape() == Shape{k});
  REQUIRE(vt.shape() == Shape{k, n});
  CHECK(deviation(product(u.to(DType::float64) * s.to(DType::float64), vt), a) <
        tolerance(a.dtype()));
  CHECK(orthonormal(u));
  CHECK(orthonormal(transposed(vt).to(a.dtype())));
  CHECK(sorted(s, true));
  CHECK(s.to(DType::float64).at({k - 1}) >= 0);
  CHECK(signs_hold(u));
}

void check_eigh(const Tensor& a) {
  const auto [values, vectors] = linalg::eigh(a);
  CHECK(values.dtype() == a.dtype());
  CHECK(vectors.dtype() == a.dtype());
  REQUIRE(values.shape() == Shape{a.dim(0)});
  REQUIRE(vectors.shape() == a.shape());
  CHECK(deviation(
            product(vectors.to(DType::float64) * values.to(DType::float64), transposed(vectors)),
            a) < tolerance(a.dtype()));
  CHECK(orthonormal(vectors));
  CHECK(sorted(values, false));
  CHECK(signs_hold(vectors));
}

Tensor symmetric(std::int64_t n, DType dtype, std::uint64_t seed = 3) {
  const Tensor a = normal({n, n}, dtype, seed);
  return (a.to(DType::float64) + transposed(a)).to(dtype);
}

const std::vector<Shape> shapes = {{1, 1}, {1, 6},   {6, 1},   {5, 5},   {9, 4},
                                   {4, 9}, {64, 64}, {33, 70}, {300, 3}, {3, 300}};

// The argument and results of a case in linalg.txt by their names.
using Case = std::map<std::string, Tensor>;

std::vector<std::pair<std::string, Case>> read_cases() {
  std::ifstream file(PLUMB_SOURCE_DIR "/tests/reference/linalg.txt");
  std::vector<std::pair<std::string, Case>> cases;
  for (std::string text; std::getline(file, text);) {
    std::istringstream line(text);
    std::string name, shape_text;
    line >> name >> shape_text;
    if (name == "case") {
      cases.emplace_back(shape_text, Case());
      continue;
    }
    Shape shape;
    std::istringstream sizes(shape_text.substr(1));
    for (std::int64_t size; sizes >> size; sizes.ignore()) shape.push_back(size);
    std::vector<double> values;
    for (double value; line >> value;) values.push_back(value);
    cases.back().second[name] = Tensor::from(values, shape);
  }
  return cases;
}

Case run(const std::string& name, const Tensor& a, const Tensor& b) {
  if (name == "qr") {
    const auto [q, r] = linalg::qr(a);
    return {{"q", q}, {"r", r}};
  }
  if (name == "eigh") {
    const auto [values, vectors] = linalg::eigh(a);
    return {{"values", values}, {"vectors", vectors}};
  }
  if (name == "svd") {
    const auto [u, s, vt] = linalg::svd(a);
    return {{"u", u}, {"s", s}, {"vt", vt}};
  }
  const auto [x, rank, s] = linalg::lstsq(a, b, 1e-6);
  return {{"x", x}, {"rank", Tensor::from({double(rank)})}, {"singular_values", s}};
}

}  // namespace

TEST_CASE("linalg: results agree with NumPy") {
  const auto cases = read_cases();
  CHECK(cases.size() == 19);
  for (const DType dtype : {DType::float64, DType::float32}) {
    for (const auto& each : cases) {
      const std::string& name = each.first;
      const Case& values = each.second;
      const Tensor a = values.at("a").to(dtype);
      const Tensor b = values.count("b") > 0 ? values.at("b").to(dtype) : Tensor();
      const Case results = run(name, a, b);
      CHECK(values.size() == results.size() + (b.defined() ? 2 : 1));
      for (const auto& entry : results) {
        const std::string& result = entry.first;
        const Tensor& tensor = entry.second;
        CAPTURE(name);
        CAPTURE(result);
        CAPTURE(errors::text(a.shape()));
        CHECK(deviation(tensor, values.at(result)) < (dtype == DType::float64 ? 1e-12 : 1e-6));
      }
    }
  }
}

TEST_CASE("linalg: qr, svd and eigh give back the matrix, with orthonormal vectors") {
  for (const DType dtype : {DType::float64, DType::float32})
    for (const Shape& shape : shapes) {
      CAPTURE(errors::text(shape, " ", dtype));
      const Tensor a = normal(shape, dtype);
      check_qr(a);
      check_svd(a);
      check_eigh(symmetric(shape[0], dtype));
    }
}

TEST_CASE("linalg: very large and very small elements") {
  for (const double scale : {1e150, 1e-150, 1e300, 1e-300}) {
    CAPTURE(scale);
    check_qr(normal({8, 5}) * scale);
    check_qr(normal({5, 8}) * scale);
    check_svd(normal({8, 5}) * scale);
    check_svd(normal({5, 8}) * scale);
    check_eigh(symmetric(7, DType::float64) * scale);
    const Tensor a = normal({9, 3}), b = normal({9}, DType::float64, 8);
    const Tensor x = linalg::lstsq(a * scale, b * scale).x;
    CHECK(deviation(x, linalg::lstsq(a, b).x) < 1e-12);
  }
  const Tensor graded = diagonal({1e150, 1, 1e-150});
  CHECK(linalg::qr(graded).r.to_vector<double>() == graded.to_vector<double>());
  CHECK(linalg::svd(graded).s.to_vector<double>() == std::vector<double>{1e150, 1, 1e-150});
  CHECK(linalg::eigh(graded).values.to_vector<double>() == std::vector<double>{1e-150, 1, 1e150});
}

TEST_CASE("linalg: matrices without full rank") {
  for (const Shape& shape : {Shape{6, 6}, Shape{9, 4}, Shape{4, 9}}) {
    CAPTURE(errors::text(shape));
    check_qr(Tensor::zeros(shape, DType::float64));
    check_svd(Tensor::zeros(shape, DType::float64));
    check_qr(Tensor::ones(shape, DType::float64));
    check_svd(Tensor::ones(shape, DType::float64));
    const Tensor low = product(normal({shape[0], 2}), normal({2, shape[1]}, DType::float64, 8));
    check_qr(low);
    check_svd(low);
    const Tensor s = linalg::svd(low).s;
    CHECK(s.at({1}) > 0.1);
    CHECK(s.at({2}) < 1e-13 * s.at({0}));
  }
}

TEST_CASE("linalg: eigenvalues that repeat") {
  check_eigh(Tensor::zeros({4, 4}, DType::float64));
  check_eigh(identity(5));
  check_eigh(Tensor::ones({6, 6}, DType::float64));
  const Tensor q = linalg::qr(normal({5, 5})).q;
  Tensor a = product(product(q, diagonal({3, 3, 3, -1, 7})), transposed(q));
  a = 0.5 * (a + transposed(a));
  check_eigh(a);
  CHECK(deviation(linalg::eigh(a).values, Tensor::from({-1., 3., 3., 3., 7.})) < 1e-14);
}

TEST_CASE("linalg: signs do not depend on the sign of the matrix, nor on rounding between equals") {
  // Both elements of each vector are 1/sqrt(2): the first is positive.
  const auto [values, vectors] = linalg::eigh(Tensor::from({2., 1., 1., 2.}, {2, 2}));
  CHECK(deviation(values, Tensor::from({1., 3.})) < 1e-15);
  const double h = std::sqrt(0.5);
  CHECK(deviation(vectors, Tensor::from({h, h, -h, h}, {2, 2})) < 1e-15);

  const Tensor a = normal({7, 4});
  CHECK(deviation(linalg::svd(-a).u, linalg::svd(a).u) < 1e-13);
  CHECK(deviation(linalg::svd(-a).vt, -linalg::svd(a).vt) < 1e-13);
  CHECK(deviation(linalg::qr(-a).q, -linalg::qr(a).q) < 1e-13);
  CHECK(deviation(linalg::qr(-a).r, linalg::qr(a).r) < 1e-13);
}

TEST_CASE("linalg: least squares leave a residual at right angles to the columns") {
  for (const DType dtype : {DType::float64, DType::float32}) {
    const Tensor a = normal({50, 6}, dtype), b = normal({50, 3}, dtype, 8);
    const auto [x, rank, s] = linalg::lstsq(a, b);
    CHECK(rank == 6);
    CHECK(x.dtype() == dtype);
    REQUIRE(x.shape() == Shape{6, 3});
    CHECK(deviation(s, linalg::svd(a).s) < tolerance(dtype));
    const Tensor residual = b.to(DType::float64) - product(a, x);
    const Tensor zeros = Tensor::zeros({6, 3}, DType::float64);
    CHECK(deviation(product(transposed(a), residual), zeros) < 100 * tolerance(dtype));
    // A vector is a matrix of one column.
    const Tensor first = linalg::lstsq(a, b.reshape({-1}).rows(0, 50)).x;
    CHECK(first.shape() == Shape{6});
  }
}

TEST_CASE("linalg: least squares of deficient rank have the shortest solution") {
  // x_0 + x_1 = 2 in each row: of all solutions (1, 1) is the shortest.
  const auto [x, rank, s] =
      linalg::lstsq(Tensor::ones({4, 2}, DType::float64), Tensor::full({4}, 2, DType::float64));
  CHECK(rank == 1);
  CHECK(deviation(x, Tensor::from({1., 1.})) < 1e-14);
  CHECK(s.at({0}) == doctest::Approx(std::sqrt(8)));

  const Tensor zeros = Tensor::zeros({3, 2}, DType::float64);
  CHECK(linalg::lstsq(zeros, Tensor::ones({3}, DType::float64)).rank == 0);
  CHECK(linalg::lstsq(zeros, Tensor::ones({3}, DType::float64)).x.to_vector<double>() ==
        std::vector<double>{0, 0});

  // What counts as 0 is the caller's choice; by default rounding of the dtype.
  const Tensor nearly = diagonal({1, 1e-3, 1e-9}), ones = Tensor::ones({3}, DType::float64);
  CHECK(linalg::lstsq(nearly, ones).rank == 3);
  CHECK(linalg::lstsq(nearly, ones, 1e-6).rank == 2);
  CHECK(linalg::lstsq(nearly, ones, 1e-2).rank == 1);
  CHECK(linalg::lstsq(diagonal({1, 1e-20, 0}), ones, 0).rank == 2);
  CHECK(linalg::lstsq(nearly, ones, 1e-6).x.to_vector<double>()[2] == 0);
  CHECK(linalg::lstsq(nearly.to(DType::float32), ones.to(DType::float32)).rank == 2);
}

TEST_CASE("linalg: matrices without elements") {
  for (const Shape& shape : {Shape{0, 0}, Shape{0, 3}, Shape{3, 0}}) {
    CAPTURE(errors::text(shape));
    const Tensor a = Tensor::zeros(shape);
    CHECK(linalg::qr(a).q.shape() == Shape{shape[0], 0});
    CHECK(linalg::qr(a).r.shape() == Shape{0, shape[1]});
    CHECK(linalg::svd(a).u.shape() == Shape{shape[0], 0});
    CHECK(linalg::svd(a).s.shape() == Shape{0});
    CHECK(linalg::svd(a).vt.shape() == Shape{0, shape[1]});
    const auto [x, rank, s] = linalg::lstsq(a, Tensor::ones({shape[0], 2}));
    CHECK(x.shape() == Shape{shape[1], 2});
    CHECK(deviation(x, Tensor::zeros({shape[1], 2})) == 0);
    CHECK(rank == 0);
    CHECK(s.shape() == Shape{0});
  }
  CHECK(linalg::eigh(Tensor::zeros({0, 0})).values.shape() == Shape{0});
  CHECK(linalg::eigh(Tensor::zeros({0, 0})).vectors.shape() == Shape{0, 0});
  const auto none = linalg::lstsq(Tensor::ones({3, 2}), Tensor::zeros({3, 0}));
  CHECK(none.x.shape() == Shape{2, 0});
  CHECK(none.rank == 1);
  CHECK(none.singular_values.at({0}) == doctest::Approx(std::sqrt(6)));
}

TEST_CASE("linalg: the same bits for 1 to 4 threads, and from threads at once") {
  const Tensor a = normal({150, 120}), square = symmetric(130, DType::float64);
  const Tensor b = normal({150, 4}, DType::float64, 9);
  const auto all = [&] {
    std::uint64_t state = 0;
    for (const char* name : {"qr", "svd", "lstsq"})
      for (const auto& entry : run(name, a, b)) state = hash(entry.second, state);
    for (const auto& entry : run("eigh", square, b)) state = hash(entry.second, state);
    return state;
  };
  const std::uint64_t expected = all();
  for (int threads = 1; threads <= 4; ++threads) {
    const Threads scope(threads);
    CHECK(all() == expected);
  }
  std::vector<std::uint64_t> found(4);
  std::vector<std::thread> team;
  for (std::uint64_t& state : found) team.emplace_back([&] { state = all(); });
  for (std::thread& thread : team) thread.join();
  for (const std::uint64_t state : found) CHECK(state == expected);
}

TEST_CASE("linalg: the arguments stay as they were") {
  const Tensor a = symmetric(6, DType::float64), b = normal({6});
  const std::uint64_t before = hash(a) + hash(b);
  linalg::qr(a);
  linalg::svd(a);
  linalg::eigh(a);
  linalg::lstsq(a, b);
  CHECK(hash(a) + hash(b) == before);
}

TEST_CASE("linalg: what is no matrix is refused by name") {
  const Tensor a = Tensor::ones({2, 2});
  const std::map<std::string, std::function<void(const Tensor&)>> functions = {
      {"[linalg::qr] ", [](const Tensor& x) { linalg::qr(x); }},
      {"[linalg::eigh] ", [](const Tensor& x) { linalg::eigh(x); }},
      {"[linalg::svd] ", [](const Tensor& x) { linalg::svd(x); }},
      {"[linalg::lstsq] ", [&](const Tensor& x) { linalg::lstsq(x, a); }},
  };
  for (const auto& entry : functions) {
    const std::string name = entry.first;
    const auto error = [&](const Tensor& x) { return error_of([&] { entry.second(x); }); };
    CHECK(error(Tensor()) == name + "the matrix is undefined");
    CHECK(error(Tensor::zeros({2, 2}, DType::int64)) ==
          name + "expected float32 or float64, got int64");
    CHECK(error(Tensor::ones({2})) == name + "expected a matrix [m, n], got shape [2]");
    CHECK(error(Tensor::ones({2, 2, 2})) == name + "expected a matrix [m, n], got shape [2, 2, 2]");
    CHECK(error(Tensor::from({1.f, 2.f, float(not_a_number), 4.f}, {2, 2})) ==
          name + "expected finite elements, got nan in [2, 2]");
    CHECK(error(Tensor::from({1., 2., 2., -infinity}, {2, 2})) ==
          name + (name == "[linalg::lstsq] " ? "the dtypes differ: float64 and float32"
                                             : "expected finite elements, got -inf in [2, 2]"));
  }
  CHECK(error_of([] {
          linalg::eigh(Tensor::ones({2, 3}));
        }) == "[linalg::eigh] expected a square matrix, got shape [2, 3]");
  CHECK(error_of([] {
          linalg::eigh(Tensor::from({1., 2., 3., 4.}, {2, 2}));
        }) == "[linalg::eigh] expected a symmetric matrix, got 2 at [0, 1] and 3 at [1, 0]");
}

TEST_CASE("linalg: eigh accepts the asymmetry of rounding, and reads the lower triangle") {
  const Tensor a = Tensor::from({1.f, 2.0001f, 2.f, 4.f}, {2, 2});
  const Tensor exact = Tensor::from({1.f, 2.f, 2.f, 4.f}, {2, 2});
  CHECK(hash(linalg::eigh(a).vectors) == hash(linalg::eigh(exact).vectors));
  CHECK_THROWS_AS(linalg::eigh(a.to(DType::float64)), Error);
  CHECK_THROWS_AS(linalg::eigh(Tensor::from({0., 1e308, -1e308, 0.}, {2, 2})), Error);
}

TEST_CASE("linalg: what least squares cannot use is refused by name") {
  const Tensor a = Tensor::ones({3, 2});
  const auto error = [&](const Tensor& b, std::optional<double> rcond = std::nullopt) {
    return error_of([&] { linalg::lstsq(a, b, rcond); });
  };
  CHECK(error(Tensor()) == "[linalg::lstsq] the matrix is undefined");
  CHECK(error(Tensor::ones({3}, DType::uint8)) ==
        "[linalg::lstsq] expected float32 or float64, got uint8");
  CHECK(error(Tensor::ones({3}, DType::float64)) ==
        "[linalg::lstsq] the dtypes differ: float32 and float64");
  CHECK(error(Tensor::ones({2})) == "[linalg::lstsq] expected b of shape [3] or [3, k], got [2]");
  CHECK(error(Tensor::ones({2, 3})) ==
        "[linalg::lstsq] expected b of shape [3] or [3, k], got [2, 3]");
  CHECK(error(Tensor::ones({3, 1, 1})) ==
        "[linalg::lstsq] expected b of shape [3] or [3, k], got [3, 1, 1]");
  CHECK(error(Tensor::scalar(1)) == "[linalg::lstsq] expected b of shape [3] or [3, k], got []");
  CHECK(error(Tensor::full({3}, infinity)) ==
        "[linalg::lstsq] expected finite elements, got inf in [3]");
  for (const double rcond : {-1e-9, 1.0, not_a_number})
    CHECK(error(Tensor::ones({3}), rcond) ==
          errors::text("[linalg::lstsq] rcond must be in [0, 1), got ", rcond));
}

TEST_CASE("linalg: a result beyond the dtype's range is refused") {
  const Tensor large = Tensor::full({2, 2}, 3e38),
               huge = Tensor::full({2, 2}, 1.5e308, DType::float64);
  CHECK(error_of([&] { linalg::qr(large); }) ==
        "[linalg::qr] a result is beyond the range of float32");
  CHECK(error_of([&] { linalg::svd(large); }) ==
        "[linalg::svd] a result is beyond the range of float32");
  CHECK(error_of([&] { linalg::qr(huge); }) ==
        "[linalg::qr] a result is beyond the range of float64");
  CHECK(error_of([&] { linalg::svd(huge); }) ==
        "[linalg::svd] a result is beyond the range of float64");
  CHECK(error_of([&] { linalg::eigh(huge); }) ==
        "[linalg::eigh] a result is beyond the range of float64");
  CHECK(error_of([&] {
          linalg::lstsq(Tensor::full({1, 1}, 1e-30), Tensor::full({1}, 1e30));
        }) == "[linalg::lstsq] a result is beyond the range of float32");
}

TEST_CASE("linalg: a matrix too large for LAPACK is refused before it is read") {
  const Tensor a = Tensor::empty({32767, 32767});  // 4 GiB of addresses that nobody touches
  const std::string end =
      "a matrix [32767, 32767] is too large for LAPACK, which counts in 32 bits";
  CHECK(error_of([&] { linalg::eigh(a); }) == "[linalg::eigh] " + end);
  CHECK(error_of([&] { linalg::svd(a); }) == "[linalg::svd] " + end);
  CHECK(error_of([&] { linalg::lstsq(a, Tensor::ones({32767})); }) == "[linalg::lstsq] " + end);
  const Tensor wide = a.reshape({1, -1});
  CHECK(error_of([&] { linalg::qr(wide); }) ==
        "[linalg::qr] a matrix [1, 1073676289] is too large for LAPACK, which counts in 32 bits");
}
