#include "arithmetic.hpp"

#include <cmath>
#include <type_traits>

#include "../runtime/internal/fail.hpp"
#include "../tensor/internal/broadcasts.hpp"
#include "broadcast.hpp"

namespace plumb::kernel {
namespace {

// f(a, b) on any element type.
template <class F>
Tensor zip_all(std::string_view operation, F f, const Tensor& a, const Tensor& b) {
  return dispatch_all(a.dtype(), [&](auto tag) {
    return zip_as<typename decltype(tag)::type>(operation, f, a, b);
  });
}

// f(a, b) on any element type as 0 or 1.
template <class F>
Tensor compare(std::string_view operation, F f, const Tensor& a, const Tensor& b) {
  check_same_dtype(operation, a, b);
  Tensor y = Tensor::empty(broadcast(operation, a.shape(), b.shape()), DType::uint8);
  dispatch_all(a.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    broadcast_loop<T>(
        y.shape(), y.mutable_data<std::uint8_t>(),
        [f](T p, T q) { return static_cast<std::uint8_t>(f(p, q)); }, a, b);
  });
  return y;
}

// Signed integers wrap around, as unsigned ones do: overflow of the former is undefined.
template <class T>
auto wrapping(T x) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<std::uint64_t>(x);
  } else {
    return x;
  }
}

// f(a) on any element type, where f takes the number b in that type.
template <class F>
Tensor with_number(const char* operation, const Tensor& a, double b, F f) {
  check_number(operation, b, a.dtype());
  Tensor y = Tensor::empty(a.shape(), a.dtype());
  dispatch_all(a.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T number = static_cast<T>(b);
    loop(
        y.numel(), y.mutable_data<T>(), Write::overwrite,
        [=](T x) { return static_cast<T>(f(wrapping(x), wrapping(number))); }, a.data<T>());
  });
  return y;
}

template <class T>
T base_gradient(T g, T a, T b) {
  return b == 0 ? T(0) : g * b * std::pow(a, b - 1);
}

}  // namespace

Tensor add(const Tensor& a, const Tensor& b) {
  return zip_all(
      "add", [](auto p, auto q) { return decltype(p)(wrapping(p) + wrapping(q)); }, a, b);
}

Tensor subtract(const Tensor& a, const Tensor& b) {
  return zip_all(
      "sub", [](auto p, auto q) { return decltype(p)(wrapping(p) - wrapping(q)); }, a, b);
}

Tensor multiply(const Tensor& a, const Tensor& b) {
  return zip_all(
      "mul", [](auto p, auto q) { return decltype(p)(wrapping(p) * wrapping(q)); }, a, b);
}

Tensor divide(const Tensor& a, const Tensor& b) {
  return zip(
      "div", [](auto p, auto q) { return p / q; }, a, b);
}

Tensor power(const Tensor& a, const Tensor& b) {
  return zip(
      "pow", [](auto p, auto q) { return std::pow(p, q); }, a, b);
}

Tensor maximum(const Tensor& a, const Tensor& b) {
  return zip_all(
      "maximum", [](auto p, auto q) { return p != p || p > q ? p : q; }, a, b);
}

Tensor minimum(const Tensor& a, const Tensor& b) {
  return zip_all(
      "minimum", [](auto p, auto q) { return p != p || p < q ? p : q; }, a, b);
}

Tensor add(const Tensor& a, double b) {
  return with_number("add", a, b, [](auto x, auto number) { return x + number; });
}

Tensor multiply(const Tensor& a, double b) {
  return with_number("mul", a, b, [](auto x, auto number) { return x * number; });
}

Tensor divide(const Tensor& a, double b) {
  return map(
      "div", [b](auto x) { return x / decltype(x)(b); }, a);
}

Tensor divide(double a, const Tensor& b) {
  return map(
      "div", [a](auto x) { return decltype(x)(a) / x; }, b);
}

Tensor power(const Tensor& a, double b) {
  if (b == 2)
    return map(
        "pow", [](auto x) { return x * x; }, a);
  return map(
      "pow", [b](auto x) { return std::pow(x, decltype(x)(b)); }, a);
}

Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b) {
  check_same_dtype("where", a, b);
  if (condition.dtype() != DType::uint8)
    fail("where", "the condition must be uint8, got ", condition.dtype());
  const Shape chosen = broadcast("where", a.shape(), b.shape());
  if (!plumb::detail::broadcasts(condition.shape(), chosen))
    fail("where", "shapes do not broadcast: ", condition.shape(), ", ", a.shape(), " and ",
         b.shape());
  const Shape shape = broadcast("where", condition.shape(), chosen);
  Tensor y = Tensor::empty(shape, a.dtype());
  dispatch_all(a.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const Tensor choice = condition.to(a.dtype());
    broadcast_loop<T>(
        shape, y.mutable_data<T>(), [](T c, T p, T q) { return c != 0 ? p : q; }, choice, a, b);
  });
  return y;
}

Tensor equal(const Tensor& a, const Tensor& b) {
  return compare(
      "equal", [](auto p, auto q) { return p == q; }, a, b);
}

Tensor not_equal(const Tensor& a, const Tensor& b) {
  return compare(
      "not_equal", [](auto p, auto q) { return p != q; }, a, b);
}

Tensor less(const Tensor& a, const Tensor& b) {
  return compare(
      "less", [](auto p, auto q) { return p < q; }, a, b);
}

Tensor less_equal(const Tensor& a, const Tensor& b) {
  return compare(
      "less_equal", [](auto p, auto q) { return p <= q; }, a, b);
}

void pass_into(Tensor& dx, Write mode, const Tensor& g) {
  if (dx.shape() != g.shape()) return sum_to(g, dx, mode);
  map_into(
      dx, mode, [](auto g) { return g; }, g);
}

void scale_into(Tensor& dx, Write mode, const Tensor& g, double factor) {
  zip_into(
      dx, mode, [factor](auto g) { return g * decltype(g)(factor); }, g);
}

void multiply_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& b) {
  zip_into(
      dx, mode, [](auto g, auto b) { return g * b; }, g, b);
}

void divide_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& b) {
  zip_into(
      dx, mode, [](auto g, auto b) { return g / b; }, g, b);
}

void divide_into(Tensor& dx, Write mode, const Tensor& g, double b) {
  map_into(
      dx, mode, [b](auto g) { return g / decltype(g)(b); }, g);
}

void divisor_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& y, const Tensor& b) {
  zip_into(
      dx, mode, [](auto g, auto y, auto b) { return -g * y / b; }, g, y, b);
}

void base_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& a, const Tensor& b) {
  zip_into(
      dx, mode, [](auto g, auto a, auto b) { return base_gradient(g, a, b); }, g, a, b);
}

void base_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& a, double b) {
  if (b == 2)
    return map_into(
        dx, mode, [](auto g, auto a) { return g * 2 * a; }, g, a);
  map_into(
      dx, mode, [b](auto g, auto a) { return base_gradient(g, a, decltype(a)(b)); }, g, a);
}

void exponent_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& a, const Tensor& b) {
  // 0^b is 0 for every b > 0 and 0^0 is taken as constant: the slope there is 0, not 0 * -inf.
  zip_into(
      dx, mode,
      [](auto g, auto a, auto b) {
        return a == 0 && b >= 0 ? decltype(a)(0) : g * std::pow(a, b) * std::log(a);
      },
      g, a, b);
}

void greater_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& a, const Tensor& b) {
  zip_into(
      dx, mode, [](auto g, auto a, auto b) { return a > b    ? g
                                                    : a == b ? g / 2
                                                             : decltype(g)(0); },
      g, a, b);
}

void select_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& condition, bool chosen) {
  const Tensor choice = condition.to(g.dtype());
  zip_into(
      dx, mode, [chosen](auto g, auto c) { return (c != 0) == chosen ? g : decltype(g)(0); }, g,
      choice);
}

}  // namespace plumb::kernel
