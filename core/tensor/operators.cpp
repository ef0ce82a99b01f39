#include "operators.hpp"

#include "../kernels/arithmetic.hpp"
#include "../runtime/floating_point.hpp"
#include "internal/defined.hpp"

namespace plumb {

namespace {

// From here to the end of the scope an operation runs on inputs that are defined.
class Operation {
 public:
  template <class... Inputs>
  explicit Operation(const char* name, const Inputs&... inputs) {
    detail::check_defined(name, inputs...);
  }

 private:
  const detail::FloatingPointMode mode_;
};

}  // namespace

Tensor operator+(const Tensor& a, const Tensor& b) {
  const Operation operation("add", a, b);
  return kernel::add(a, b);
}
Tensor operator-(const Tensor& a, const Tensor& b) {
  const Operation operation("sub", a, b);
  return kernel::subtract(a, b);
}
Tensor operator*(const Tensor& a, const Tensor& b) {
  const Operation operation("mul", a, b);
  return kernel::multiply(a, b);
}
Tensor operator/(const Tensor& a, const Tensor& b) {
  const Operation operation("div", a, b);
  return kernel::divide(a, b);
}

Tensor operator+(const Tensor& a, double b) {
  const Operation operation("add", a);
  return kernel::add(a, b);
}
Tensor operator-(const Tensor& a, double b) {
  const Operation operation("sub", a);
  return kernel::add(a, -b);
}
Tensor operator*(const Tensor& a, double b) {
  const Operation operation("mul", a);
  return kernel::multiply(a, b);
}
Tensor operator/(const Tensor& a, double b) {
  const Operation operation("div", a);
  return kernel::divide(a, b);
}
Tensor operator+(double a, const Tensor& b) { return b + a; }
Tensor operator-(double a, const Tensor& b) {
  detail::check_defined("sub", b);
  return Tensor::scalar(a, b.dtype()) - b;
}
Tensor operator*(double a, const Tensor& b) { return b * a; }
Tensor operator/(double a, const Tensor& b) {
  const Operation operation("div", b);
  return kernel::divide(a, b);
}
Tensor operator-(const Tensor& a) { return a * -1.0; }

Tensor operator<(const Tensor& a, const Tensor& b) {
  const Operation operation("less", a, b);
  return kernel::less(a, b);
}
Tensor operator<=(const Tensor& a, const Tensor& b) {
  const Operation operation("less_equal", a, b);
  return kernel::less_equal(a, b);
}
Tensor operator>(const Tensor& a, const Tensor& b) {
  const Operation operation("greater", a, b);
  return kernel::less(b, a);
}
Tensor operator>=(const Tensor& a, const Tensor& b) {
  const Operation operation("greater_equal", a, b);
  return kernel::less_equal(b, a);
}
Tensor equal(const Tensor& a, const Tensor& b) {
  const Operation operation("equal", a, b);
  return kernel::equal(a, b);
}
Tensor not_equal(const Tensor& a, const Tensor& b) {
  const Operation operation("not_equal", a, b);
  return kernel::not_equal(a, b);
}

Tensor operator<(const Tensor& a, double b) {
  const Operation operation("less", a);
  return kernel::less(a, b);
}
Tensor operator<=(const Tensor& a, double b) {
  const Operation operation("less_equal", a);
  return kernel::less_equal(a, b);
}
Tensor operator>(const Tensor& a, double b) {
  const Operation operation("greater", a);
  return kernel::greater(a, b);
}
Tensor operator>=(const Tensor& a, double b) {
  const Operation operation("greater_equal", a);
  return kernel::greater_equal(a, b);
}
Tensor equal(const Tensor& a, double b) {
  const Operation operation("equal", a);
  return kernel::equal(a, b);
}
Tensor not_equal(const Tensor& a, double b) {
  const Operation operation("not_equal", a);
  return kernel::not_equal(a, b);
}

}  // namespace plumb
