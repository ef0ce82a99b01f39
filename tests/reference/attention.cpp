#include <plumb/autograd/ops/attention.hpp>
#include <plumb/autograd/ops/cross_entropy.hpp>
#include <plumb/autograd/ops/embedding.hpp>
#include <plumb/autograd/ops/normalization.hpp>
#include <plumb/autograd/ops/rotary.hpp>

#include "operations.hpp"

namespace plumb::test {

namespace {

using Inputs = std::vector<Variable>;
using Constants = std::vector<Tensor>;

// Constants as `masks` names them: key lengths, query lengths, bias.
AttentionMask mask_of(const Options& o, const Constants& constants) {
  AttentionMask mask;
  if (o.flag("causal")) mask.causal = Causal::yes;
  std::size_t next = 0;
  for (const char name : o.text("masks"))
    (name == 'k'   ? mask.key_lengths
     : name == 'q' ? mask.query_lengths
                   : mask.additive) = constants.at(next++);
  return mask;
}

Variable embedding_case(const Options& o, const Inputs& in, const Constants& constants) {
  if (!o.has("padding")) return embedding(in[0], constants[0]);
  return embedding(in[0], constants[0], o.integer("padding", 0));
}

Variable rms_norm_case(const Options& o, const Inputs& in, const Constants&) {
  const Variable weight = o.text("affine") == "no" ? Variable() : in.at(1);
  return rms_norm(in[0], Shape(o.list("shape")), weight, o.number("eps", 1e-5));
}

Variable token_case(const Options& o, const Inputs& in, const Constants& constants) {
  CrossEntropyOptions options;
  options.label_smoothing = o.number("label_smoothing", 0);
  options.ignore_index = o.integer("ignore_index", -100);
  const std::string reduction = o.text("reduction");
  options.reduction = reduction == "mean"  ? Reduction::mean
                      : reduction == "sum" ? Reduction::sum
                                           : Reduction::none;
  if (constants.size() > 1) options.weight = constants[1];
  return token_cross_entropy(in[0], constants[0], options);
}

Variable heads_case(const Options& o, const Inputs& in, const Constants& constants) {
  const AttentionMask mask = mask_of(o, constants);
  const std::int64_t heads = o.integer("heads", 0);
  return in.size() == 1 ? multi_head_attention(in[0], heads, mask)
                        : multi_head_attention(in[0], in[1], in[2], heads, mask);
}

Variable rotary_case(const Options& o, const Inputs& in, const Constants&) {
  const RotaryLayout layout =
      o.text("layout") == "halves" ? RotaryLayout::halves : RotaryLayout::interleaved;
  const Tensor angles =
      rotary_angles(9, o.integer("size", 0), o.number("base", 10000), in[0].dtype());
  if (!o.has("rotated")) return rotary(in[0], angles, layout);
  return rotary(in[0], angles, layout, o.integer("rotated", 0));
}

}  // namespace

Table attention_operations() {
  Table table;
  table["embedding"] = embedding_case;
  table["rms_norm"] = rms_norm_case;
  table["token_cross_entropy"] = token_case;
  table["scaled_dot_product_attention"] = [](const Options& o, const Inputs& in,
                                             const Constants& constants) {
    return scaled_dot_product_attention(in[0], in[1], in[2], mask_of(o, constants));
  };
  table["multi_head_attention"] = heads_case;
  table["rotary"] = rotary_case;
  return table;
}

}  // namespace plumb::test
