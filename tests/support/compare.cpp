#include "compare.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace plumb::test {

double deviation(const Tensor& actual, const Tensor& expected) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (!actual.defined() || actual.shape() != expected.shape()) return infinity;
  const Tensor a = actual.to(DType::float64);
  const Tensor b = expected.to(DType::float64);
  double difference = 0;
  double largest = 0;
  for (std::int64_t i = 0; i < b.numel(); ++i) {
    const double x = a.data<double>()[i];
    const double y = b.data<double>()[i];
    if (std::isfinite(y)) {
      if (!std::isfinite(x)) return infinity;
      difference = std::max(difference, std::abs(x - y));
      largest = std::max(largest, std::abs(y));
    } else if (std::isnan(y) ? !std::isnan(x) : x != y) {
      return infinity;
    }
  }
  return largest > 0 ? difference / largest : difference;
}

}  // namespace plumb::test
