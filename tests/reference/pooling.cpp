#include <plumb/autograd/ops/pooling.hpp>

#include "operations.hpp"

namespace plumb::test {

namespace {

using Inputs = std::vector<Variable>;
using Constants = std::vector<Tensor>;

// One number for both axes, or two.
Size2d size2d(const std::vector<std::int64_t>& list) {
  return list.size() == 2 ? Size2d(list[0], list[1]) : Size2d(list.at(0));
}

MaxPool1dOptions max_options_1d(const Options& o) {
  MaxPool1dOptions options;
  if (o.has("stride")) options.stride = o.integer("stride", 0);
  if (o.has("padding")) options.padding = o.integer("padding", 0);
  if (o.has("dilation")) options.dilation = o.integer("dilation", 0);
  if (o.flag("ceil_mode")) options.ceil_mode = CeilMode::yes;
  return options;
}

MaxPool2dOptions max_options_2d(const Options& o) {
  MaxPool2dOptions options;
  if (o.has("stride")) options.stride = size2d(o.list("stride"));
  if (o.has("padding")) options.padding = size2d(o.list("padding"));
  if (o.has("dilation")) options.dilation = size2d(o.list("dilation"));
  if (o.flag("ceil_mode")) options.ceil_mode = CeilMode::yes;
  return options;
}

AvgPool1dOptions avg_options_1d(const Options& o) {
  AvgPool1dOptions options;
  if (o.has("stride")) options.stride = o.integer("stride", 0);
  if (o.has("padding")) options.padding = o.integer("padding", 0);
  if (o.has("count_padding") && !o.flag("count_padding")) options.count_padding = CountPadding::no;
  if (o.flag("ceil_mode")) options.ceil_mode = CeilMode::yes;
  return options;
}

AvgPool2dOptions avg_options_2d(const Options& o) {
  AvgPool2dOptions options;
  if (o.has("stride")) options.stride = size2d(o.list("stride"));
  if (o.has("padding")) options.padding = size2d(o.list("padding"));
  if (o.has("count_padding") && !o.flag("count_padding")) options.count_padding = CountPadding::no;
  if (o.flag("ceil_mode")) options.ceil_mode = CeilMode::yes;
  return options;
}

}  // namespace

Table pooling_operations() {
  Table table;
  table["max_pool1d"] = [](const Options& o, const Inputs& in, const Constants&) {
    return max_pool1d(in[0], o.integer("kernel", 0), max_options_1d(o));
  };
  table["max_pool2d"] = [](const Options& o, const Inputs& in, const Constants&) {
    return max_pool2d(in[0], size2d(o.list("kernel")), max_options_2d(o));
  };
  table["avg_pool1d"] = [](const Options& o, const Inputs& in, const Constants&) {
    return avg_pool1d(in[0], o.integer("kernel", 0), avg_options_1d(o));
  };
  table["avg_pool2d"] = [](const Options& o, const Inputs& in, const Constants&) {
    return avg_pool2d(in[0], size2d(o.list("kernel")), avg_options_2d(o));
  };
  table["adaptive_avg_pool1d"] = [](const Options& o, const Inputs& in, const Constants&) {
    return adaptive_avg_pool1d(in[0], o.integer("output", 0));
  };
  table["adaptive_avg_pool2d"] = [](const Options& o, const Inputs& in, const Constants&) {
    return adaptive_avg_pool2d(in[0], size2d(o.list("output")));
  };
  table["adaptive_max_pool1d"] = [](const Options& o, const Inputs& in, const Constants&) {
    return adaptive_max_pool1d(in[0], o.integer("output", 0));
  };
  table["adaptive_max_pool2d"] = [](const Options& o, const Inputs& in, const Constants&) {
    return adaptive_max_pool2d(in[0], size2d(o.list("output")));
  };
  return table;
}

}  // namespace plumb::test
