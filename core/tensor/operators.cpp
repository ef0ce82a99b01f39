#include "operators.hpp"

#include "../kernels/arithmetic.hpp"
#include "../runtime/floating_point.hpp"

namespace plumb {

using Mode = detail::FloatingPointMode;

Tensor operator+(const Tensor& a, const Tensor& b) {
  const Mode mode;
  return kernel::add(a, b);
}
Tensor operator-(const Tensor& a, const Tensor& b) {
  const Mode mode;
  return kernel::subtract(a, b);
}
Tensor operator*(const Tensor& a, const Tensor& b) {
  const Mode mode;
  return kernel::multiply(a, b);
}
Tensor operator/(const Tensor& a, const Tensor& b) {
  const Mode mode;
  return kernel::divide(a, b);
}

Tensor operator+(const Tensor& a, double b) {
  const Mode mode;
  return kernel::add(a, b);
}
Tensor operator-(const Tensor& a, double b) {
  const Mode mode;
  return kernel::add(a, -b);
}
Tensor operator*(const Tensor& a, double b) {
  const Mode mode;
  return kernel::multiply(a, b);
}
Tensor operator/(const Tensor& a, double b) {
  const Mode mode;
  return kernel::divide(a, b);
}
Tensor operator+(double a, const Tensor& b) { return b + a; }
Tensor operator-(double a, const Tensor& b) { return Tensor::scalar(a, b.dtype()) - b; }
Tensor operator*(double a, const Tensor& b) { return b * a; }
Tensor operator/(double a, const Tensor& b) {
  const Mode mode;
  return kernel::divide(a, b);
}
Tensor operator-(const Tensor& a) { return a * -1.0; }

Tensor operator<(const Tensor& a, const Tensor& b) {
  const Mode mode;
  return kernel::less(a, b);
}
Tensor operator<=(const Tensor& a, const Tensor& b) {
  const Mode mode;
  return kernel::less_equal(a, b);
}
Tensor operator>(const Tensor& a, const Tensor& b) {
  const Mode mode;
  return kernel::less(b, a);
}
Tensor operator>=(const Tensor& a, const Tensor& b) {
  const Mode mode;
  return kernel::less_equal(b, a);
}
Tensor equal(const Tensor& a, const Tensor& b) {
  const Mode mode;
  return kernel::equal(a, b);
}
Tensor not_equal(const Tensor& a, const Tensor& b) {
  const Mode mode;
  return kernel::not_equal(a, b);
}

Tensor operator<(const Tensor& a, double b) {
  const Mode mode;
  return kernel::less(a, b);
}
Tensor operator<=(const Tensor& a, double b) {
  const Mode mode;
  return kernel::less_equal(a, b);
}
Tensor operator>(const Tensor& a, double b) {
  const Mode mode;
  return kernel::greater(a, b);
}
Tensor operator>=(const Tensor& a, double b) {
  const Mode mode;
  return kernel::greater_equal(a, b);
}
Tensor equal(const Tensor& a, double b) {
  const Mode mode;
  return kernel::equal(a, b);
}
Tensor not_equal(const Tensor& a, double b) {
  const Mode mode;
  return kernel::not_equal(a, b);
}

}  // namespace plumb
