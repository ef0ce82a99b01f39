#include "convolution.hpp"

#include "operations.hpp"

namespace plumb::test {

namespace {

using Inputs = std::vector<Variable>;
using Constants = std::vector<Tensor>;

Variable bias_of(const Inputs& in) { return in.size() == 3 ? in[2] : Variable(); }

// One number for both axes, or two.
Size2d size2d(const Options& o, const std::string& name, std::int64_t fallback) {
  const std::vector<std::int64_t> list = o.list(name);
  if (list.size() == 2) return {list[0], list[1]};
  return list.empty() ? fallback : list.at(0);
}

}  // namespace

Conv1dOptions conv1d_options(const Options& o) {
  return {o.integer("stride", 1), o.integer("padding", 0), o.integer("dilation", 1),
          o.integer("groups", 1)};
}

Conv2dOptions conv2d_options(const Options& o) {
  return {size2d(o, "stride", 1), size2d(o, "padding", 0), size2d(o, "dilation", 1),
          o.integer("groups", 1)};
}

ConvTranspose1dOptions conv_transpose1d_options(const Options& o) {
  return {o.integer("stride", 1), o.integer("padding", 0), o.integer("output_padding", 0),
          o.integer("dilation", 1), o.integer("groups", 1)};
}

ConvTranspose2dOptions conv_transpose2d_options(const Options& o) {
  return {size2d(o, "stride", 1), size2d(o, "padding", 0), size2d(o, "output_padding", 0),
          size2d(o, "dilation", 1), o.integer("groups", 1)};
}

Table convolution_operations() {
  Table table;
  table["conv1d"] = [](const Options& o, const Inputs& in, const Constants&) {
    return conv1d(in[0], in[1], bias_of(in), conv1d_options(o));
  };
  table["conv2d"] = [](const Options& o, const Inputs& in, const Constants&) {
    return conv2d(in[0], in[1], bias_of(in), conv2d_options(o));
  };
  table["conv_transpose1d"] = [](const Options& o, const Inputs& in, const Constants&) {
    return conv_transpose1d(in[0], in[1], bias_of(in), conv_transpose1d_options(o));
  };
  table["conv_transpose2d"] = [](const Options& o, const Inputs& in, const Constants&) {
    return conv_transpose2d(in[0], in[1], bias_of(in), conv_transpose2d_options(o));
  };
  return table;
}

}  // namespace plumb::test
