// Scaled dot-product attention over many heads, a strip of queries at a time, and its gradient.
#pragma once

#include "../../tensor/tensor.hpp"
#include "../../tensor/write.hpp"

namespace plumb::kernel {

/// Where a tensor holds the elements [n, heads, rows, columns]: how far the first, and neighbouring
/// samples, heads and rows, stand from one another. Columns are neighbours in memory.
struct HeadLayout {
  std::int64_t first, sample, head, row;
};

/// The weights that dropout leaves: element j of row i (of all samples, heads and queries) from word
/// j % 4 of block i blocks_per_row + j / 4 after `position`.
struct WeightDropout {
  double p = 0;
  std::uint64_t seed = 0, stream = 0, position = 0;
};

/// y = softmax(scale q k^T + mask) v for every sample and head: q [n, heads, queries, depth],
/// k [n, heads, keys, depth], v and y with `value_depth` columns.
struct Attention {
  std::int64_t n, heads, queries, keys, depth, value_depth;
  double scale = 1;
  HeadLayout q = {}, k = {}, v = {}, y = {};

  /// Whether query i sees the keys j <= i only.
  bool causal = false;
  /// int64 [n] or undefined: the queries and the keys of each sample that count. Others are never
  /// read; y is 0 in the rows of such queries.
  Tensor query_lengths = {}, key_lengths = {};
  /// Added to the scores where defined: of the dtype of q, with the distances between neighbouring
  /// samples, heads, queries and keys, 0 where it is repeated.
  Tensor bias = {};
  std::int64_t bias_strides[4] = {};
  WeightDropout dropout = {};
};

/// Blocks of random words that dropout takes.
std::uint64_t attention_blocks(const Attention& a);

/// Writes y and what the gradient reads of each row to `state` [2, n, heads, queries]: the largest
/// score and the inverse sum of the exponentials, which is 0 where there is nothing to attend to.
void attention(const Attention& a, const Tensor& q, const Tensor& k, const Tensor& v, Tensor& y,
               Tensor& state);

/// Gradients of q, k and v, each in the layout of its tensor: dq, dk and dv may be one. An undefined
/// one is not wanted. g has the layout of y.
void attention_into(const Attention& a, Write mode, const Tensor& g, const Tensor& q,
                    const Tensor& k, const Tensor& v, const Tensor& y, const Tensor& state,
                    Tensor& dq, Tensor& dk, Tensor& dv);

}  // namespace plumb::kernel
