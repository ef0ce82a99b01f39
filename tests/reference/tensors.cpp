#include <plumb/autograd/ops/indexing.hpp>
#include <plumb/autograd/ops/matmul.hpp>
#include <plumb/autograd/ops/reduction.hpp>
#include <plumb/autograd/ops/scan.hpp>
#include <plumb/autograd/ops/shape.hpp>
#include <plumb/autograd/ops/softmax.hpp>
#include <plumb/autograd/ops/sort.hpp>

#include "operations.hpp"

namespace plumb::test {

namespace {

using Inputs = std::vector<Variable>;
using Constants = std::vector<Tensor>;

Transpose transposed(const Options& o, const char* name) {
  return o.flag(name) ? Transpose::yes : Transpose::no;
}

KeepDims keep(const Options& o) { return o.flag("keepdims") ? KeepDims::yes : KeepDims::no; }

int axis(const Options& o) { return static_cast<int>(o.integer("axis", 0)); }

Axes axes(const Options& o) {
  const std::vector<std::int64_t> list = o.list("axes");
  return Axes(std::vector<int>(list.begin(), list.end()));
}

Operation reduction(Variable (*f)(const Variable&, const Axes&, KeepDims)) {
  return [f](const Options& o, const Inputs& in, const Constants&) {
    return f(in[0], axes(o), keep(o));
  };
}

SortOrder order(const Options& o) {
  return o.flag("descending") ? SortOrder::descending : SortOrder::ascending;
}

Variable slice_of(const Options& o, const Inputs& in, const Constants&) {
  const std::int64_t start = o.integer("start", 0);
  const std::int64_t step = o.integer("step", 1);
  if (o.has("stop")) return slice(in[0], axis(o), start, o.integer("stop", 0), step);
  return step == 1 ? slice(in[0], axis(o), start) : slice(in[0], axis(o), start, to_end, step);
}

}  // namespace

Table matmul_operations() {
  Table table;
  table["matmul"] = [](const Options& o, const Inputs& in, const Constants&) {
    return matmul(in[0], in[1], transposed(o, "ta"), transposed(o, "tb"));
  };
  table["linear"] = [](const Options&, const Inputs& in, const Constants&) {
    return in.size() == 2 ? linear(in[0], in[1]) : linear(in[0], in[1], in[2]);
  };
  return table;
}

Table reduction_operations() {
  Table table;
  table["sum"] = reduction(sum);
  table["mean"] = reduction(mean);
  table["norm"] = [](const Options& o, const Inputs& in, const Constants&) {
    return o.has("p") ? norm(in[0], axes(o), keep(o), o.number("p", 2))
                      : norm(in[0], axes(o), keep(o));
  };
  table["stddev"] = [](const Options& o, const Inputs& in, const Constants&) {
    return o.has("correction") ? stddev(in[0], axes(o), keep(o), o.integer("correction", 0))
                               : stddev(in[0], axes(o), keep(o));
  };
  table["prod"] = reduction(prod);
  table["cumsum"] = [](const Options& o, const Inputs& in, const Constants&) {
    return cumsum(in[0], axis(o));
  };
  table["max"] = reduction(max);
  table["min"] = reduction(min);
  table["logsumexp"] = reduction(logsumexp);
  table["var"] = [](const Options& o, const Inputs& in, const Constants&) {
    return o.has("correction") ? var(in[0], axes(o), keep(o), o.integer("correction", 0))
                               : var(in[0], axes(o), keep(o));
  };
  return table;
}

Table shape_operations() {
  Table table;
  table["reshape"] = [](const Options& o, const Inputs& in, const Constants&) {
    return reshape(in[0], Shape(o.list("shape")));
  };
  table["flatten"] = [](const Options& o, const Inputs& in, const Constants&) {
    return flatten(in[0], static_cast<int>(o.integer("first", 0)),
                   static_cast<int>(o.integer("last", 0)));
  };
  table["squeeze"] = [](const Options& o, const Inputs& in, const Constants&) {
    return o.has("axes") ? squeeze(in[0], axes(o)) : squeeze(in[0]);
  };
  table["unsqueeze"] = [](const Options& o, const Inputs& in, const Constants&) {
    return unsqueeze(in[0], axis(o));
  };
  table["transpose"] = [](const Options& o, const Inputs& in, const Constants&) {
    const std::vector<std::int64_t> pair = o.list("axes");
    return transpose(in[0], static_cast<int>(pair.at(0)), static_cast<int>(pair.at(1)));
  };
  table["permute"] = [](const Options& o, const Inputs& in, const Constants&) {
    return permute(in[0], axes(o));
  };
  table["slice"] = slice_of;
  table["concat"] = [](const Options& o, const Inputs& in, const Constants&) {
    return concat(in, axis(o));
  };
  table["stack"] = [](const Options& o, const Inputs& in, const Constants&) {
    return stack(in, axis(o));
  };
  table["broadcast_to"] = [](const Options& o, const Inputs& in, const Constants&) {
    return broadcast_to(in[0], Shape(o.list("shape")));
  };
  return table;
}

Table indexing_operations() {
  Table table;
  table["gather"] = [](const Options& o, const Inputs& in, const Constants& constants) {
    return gather(in[0], axis(o), constants[0]);
  };
  table["index_select"] = [](const Options& o, const Inputs& in, const Constants& constants) {
    return index_select(in[0], axis(o), constants[0]);
  };
  table["sort"] = [](const Options& o, const Inputs& in, const Constants&) {
    return sort(in[0], axis(o), order(o)).values;
  };
  table["topk"] = [](const Options& o, const Inputs& in, const Constants&) {
    return topk(in[0], o.integer("k", 0), axis(o), order(o)).values;
  };
  return table;
}

Table softmax_operations() {
  Table table;
  table["softmax"] = [](const Options& o, const Inputs& in, const Constants&) {
    return softmax(in[0], axis(o));
  };
  table["log_softmax"] = [](const Options& o, const Inputs& in, const Constants&) {
    return log_softmax(in[0], axis(o));
  };
  return table;
}

}  // namespace plumb::test
