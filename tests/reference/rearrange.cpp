#include <plumb/autograd/ops/arithmetic.hpp>
#include <plumb/autograd/ops/einsum.hpp>
#include <plumb/autograd/ops/interpolate.hpp>
#include <plumb/autograd/ops/padding.hpp>
#include <plumb/autograd/ops/shape.hpp>

#include "operations.hpp"

namespace plumb::test {

namespace {

using Inputs = std::vector<Variable>;
using Constants = std::vector<Tensor>;

PadMode pad_mode(const Options& o) {
  const std::string name = o.text("mode");
  return name == "reflect"     ? PadMode::reflect
         : name == "replicate" ? PadMode::replicate
                               : PadMode::constant;
}

// All parts in one row, the last one first.
Variable backwards(const std::vector<Variable>& parts) {
  std::vector<Variable> rows;
  for (const Variable& part : parts) rows.insert(rows.begin(), flatten(part));
  return concat(rows, 0);
}

// One number for both axes, or two.
Size2d both_sides(const std::vector<std::int64_t>& list) {
  return list.size() == 2 ? Size2d(list[0], list[1]) : Size2d(list.at(0));
}

InterpolateOptions interpolation(const Options& o) {
  InterpolateOptions options;
  if (o.text("mode") == "linear") options.mode = Interpolation::linear;
  if (o.flag("align")) options.align_corners = AlignCorners::yes;
  return options;
}

}  // namespace

Table rearrange_operations() {
  Table table;
  table["pad"] = [](const Options& o, const Inputs& in, const Constants&) {
    return pad(in[0], o.list("amounts"), pad_mode(o), o.number("value", 0));
  };
  table["split"] = [](const Options& o, const Inputs& in, const Constants&) {
    const auto axis = static_cast<int>(o.integer("axis", 0));
    return backwards(o.has("size") ? split(in[0], o.integer("size", 0), axis)
                                   : split(in[0], o.list("sizes"), axis));
  };
  table["chunk"] = [](const Options& o, const Inputs& in, const Constants&) {
    return backwards(chunk(in[0], o.integer("count", 0), static_cast<int>(o.integer("axis", 0))));
  };
  table["flip"] = [](const Options& o, const Inputs& in, const Constants&) {
    const std::vector<std::int64_t> list = o.list("axes");
    return flip(in[0], Axes(std::vector<int>(list.begin(), list.end())));
  };
  table["masked_fill"] = [](const Options& o, const Inputs& in, const Constants& constants) {
    return masked_fill(in[0], constants[0], o.number("value", 0));
  };
  table["einsum"] = [](const Options& o, const Inputs& in, const Constants&) {
    return in.size() == 1 ? einsum(o.text("eq"), in[0]) : einsum(o.text("eq"), in[0], in[1]);
  };
  table["interpolate"] = [](const Options& o, const Inputs& in, const Constants&) {
    return interpolate(in[0], both_sides(o.list("size")), interpolation(o));
  };
  table["upsample"] = [](const Options& o, const Inputs& in, const Constants&) {
    return upsample(in[0], both_sides(o.list("factor")), interpolation(o));
  };
  return table;
}

}  // namespace plumb::test
