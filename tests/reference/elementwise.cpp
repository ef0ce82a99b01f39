#include <plumb/autograd/ops/activation.hpp>
#include <plumb/autograd/ops/arithmetic.hpp>
#include <plumb/autograd/ops/math.hpp>

#include "operations.hpp"

namespace plumb::test {

namespace {

using Inputs = std::vector<Variable>;
using Constants = std::vector<Tensor>;

Operation unary(Variable (*f)(const Variable&)) {
  return [f](const Options&, const Inputs& in, const Constants&) { return f(in[0]); };
}

Operation binary(Variable (*f)(const Variable&, const Variable&)) {
  return [f](const Options&, const Inputs& in, const Constants&) { return f(in[0], in[1]); };
}

}  // namespace

// By the operators: they reach the named functions and the forms with a number.
Table arithmetic_operations() {
  Table table;
  table["add"] = [](const Options& o, const Inputs& in, const Constants&) {
    return o.has("number") ? in[0] + o.number("number", 0) : in[0] + in[1];
  };
  table["sub"] = [](const Options& o, const Inputs& in, const Constants&) {
    if (o.has("left")) return o.number("left", 0) - in[0];
    return o.has("number") ? in[0] - o.number("number", 0) : in[0] - in[1];
  };
  table["mul"] = [](const Options& o, const Inputs& in, const Constants&) {
    return o.has("number") ? in[0] * o.number("number", 0) : in[0] * in[1];
  };
  table["div"] = [](const Options& o, const Inputs& in, const Constants&) {
    if (o.has("left")) return o.number("left", 0) / in[0];
    return o.has("number") ? in[0] / o.number("number", 0) : in[0] / in[1];
  };
  table["neg"] = unary(neg);
  table["pow"] = [](const Options& o, const Inputs& in, const Constants&) {
    return o.has("number") ? pow(in[0], o.number("number", 0)) : pow(in[0], in[1]);
  };
  table["maximum"] = binary(maximum);
  table["minimum"] = binary(minimum);
  table["where"] = [](const Options&, const Inputs& in, const Constants& constants) {
    return where(constants[0], in[0], in[1]);
  };
  return table;
}

Table math_operations() {
  Table table;
  table["exp"] = unary(exp);
  table["log"] = unary(log);
  table["sqrt"] = unary(sqrt);
  table["abs"] = unary(abs);
  table["erf"] = unary(erf);
  table["sin"] = unary(sin);
  table["cos"] = unary(cos);
  table["expm1"] = unary(expm1);
  table["log1p"] = unary(log1p);
  table["clamp"] = [](const Options& o, const Inputs& in, const Constants&) {
    return clamp(in[0], o.number("low", 0), o.number("high", 0));
  };
  return table;
}

Table activation_operations() {
  Table table;
  table["tanh"] = unary(tanh);
  table["sigmoid"] = unary(sigmoid);
  table["relu"] = unary(relu);
  table["leaky_relu"] = [](const Options& o, const Inputs& in, const Constants&) {
    return o.has("slope") ? leaky_relu(in[0], o.number("slope", 0)) : leaky_relu(in[0]);
  };
  table["elu"] = [](const Options& o, const Inputs& in, const Constants&) {
    return o.has("alpha") ? elu(in[0], o.number("alpha", 0)) : elu(in[0]);
  };
  table["gelu"] = [](const Options& o, const Inputs& in, const Constants&) {
    return o.text("form") == "tanh" ? gelu(in[0], Gelu::tanh) : gelu(in[0]);
  };
  table["silu"] = unary(silu);
  table["softplus"] = [](const Options& o, const Inputs& in, const Constants&) {
    if (o.has("threshold")) return softplus(in[0], o.number("beta", 1), o.number("threshold", 20));
    return o.has("beta") ? softplus(in[0], o.number("beta", 1)) : softplus(in[0]);
  };
  return table;
}

}  // namespace plumb::test
