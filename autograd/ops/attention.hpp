// Scaled dot-product attention: each query takes a mean of values, weighted by how its key fits.
#pragma once

#include "../../core/runtime/random.hpp"
#include "../variable.hpp"

namespace plumb {

/// Whether position i sees the positions j <= i only.
enum class Causal : std::uint8_t { no, yes };

/// What queries see. All parts hold at once; the default sees everything.
struct AttentionMask {
  /// Query i sees the keys j <= i, counted from the first of both.
  Causal causal = Causal::no;
  /// int64 [n]: sample i has key_lengths[i] keys, the others are padding and never read.
  Tensor key_lengths = {};
  /// int64 [n]: sample i has query_lengths[i] queries. The results of the others, which are never
  /// read, are 0.
  Tensor query_lengths = {};
  /// Added to the scores: a constant that broadcasts to [n, h, queries, keys]. -infinity hides a key.
  Tensor additive = {};
};

/// Drops weights with probability p and divides the others by 1 - p.
struct AttentionDropout {
  double p = 0;
  Generator* generator = nullptr;  ///< Where the numbers come from, for p > 0. It advances.
};

/// softmax(q k^T / sqrt(d) + mask) v for q [n, h, L, d], k [n, h, S, d] and v [n, h, S, e]: a result
/// [n, h, L, e] (Vaswani et al. 2017, "Attention is all you need", eq. 1).
///
/// The weights [n, h, L, S] are never in memory as a whole: a strip of queries at a time is computed,
/// and computed again for the gradient. float32 or float64.
///
/// A query that sees no key has result 0 and gives gradient 0 (in PyTorch NaN). Keys and values past
/// the lengths may hold anything; those that a causal or additive mask hides must be finite. Scores
/// that overflow make their row NaN.
///
/// Throws "[scaled_dot_product_attention] ..." with the shapes where these do not fit, for lengths out
/// of range and for p outside of [0, 1].
///
///     AttentionMask mask;
///     mask.causal = Causal::yes;
///     Variable y = scaled_dot_product_attention(q, k, v, mask);
Variable scaled_dot_product_attention(const Variable& q, const Variable& k, const Variable& v,
                                      const AttentionMask& mask = {},
                                      const AttentionDropout& dropout = {});

/// The same for heads that stand side by side: q [n, L, h d], k [n, S, h d] and v [n, S, h e] give
/// [n, L, h e]. Nothing is transposed or copied. Errors are "[multi_head_attention] ...".
Variable multi_head_attention(const Variable& q, const Variable& k, const Variable& v,
                              std::int64_t heads, const AttentionMask& mask = {},
                              const AttentionDropout& dropout = {});

/// Of queries, keys and values side by side, as one product makes them: [n, L, 3 h d] gives
/// [n, L, h d].
Variable multi_head_attention(const Variable& qkv, std::int64_t heads,
                              const AttentionMask& mask = {}, const AttentionDropout& dropout = {});

}  // namespace plumb
