// Attention, embedding and rms_norm against xtensor and xtensor-blas.
#include <doctest/doctest.h>

#include <plumb/autograd/ops/attention.hpp>
#include <plumb/autograd/ops/embedding.hpp>
#include <plumb/autograd/ops/normalization.hpp>
#include <xtensor-blas/xlinalg.hpp>

#include "arrays.hpp"

using namespace plumb;
using namespace plumb::test;

namespace {

Fixed<2> product(const Fixed<2>& a, const Fixed<2>& b) { return xt::linalg::dot(a, b); }
Fixed<2> turned(const Fixed<2>& x) { return xt::transpose(x); }

struct Heads {
  std::int64_t n, heads, queries, keys, depth, width;
  bool causal;
  std::vector<std::int64_t> lengths;  // none: all keys
};

// Often beside the numbers by which the kernel cuts: strips of 32 or 64 queries, vectors of 16 keys.
Heads draw_heads(Draw& draw) {
  Heads h{draw.between(0, 3), draw.between(1, 3),  draw.size(140),  draw.size(140),
          draw.size(40),      draw.between(1, 40), draw.chance(50), {}};
  if (draw.chance(60))
    for (std::int64_t i = 0; i < h.n; ++i) h.lengths.push_back(draw.between(0, h.keys));
  return h;
}

// 1 where a query sees a key.
Fixed<2> seen_by(const Heads& h, std::int64_t sample) {
  Fixed<2> seen = xt::zeros<double>({h.queries, h.keys});
  const std::int64_t keys =
      h.lengths.empty() ? h.keys : h.lengths[static_cast<std::size_t>(sample)];
  for (std::int64_t i = 0; i < h.queries; ++i)
    for (std::int64_t j = 0; j < keys && (!h.causal || j <= i); ++j) seen(i, j) = 1;
  return seen;
}

// Weights of one head; rows that see nothing are 0.
Fixed<2> weights_of(const Fixed<2>& q, const Fixed<2>& k, const Fixed<2>& seen, double scale) {
  const Fixed<2> scores = product(q, turned(k)) * scale;
  const Fixed<2> exponentials = xt::exp(scores) * seen;
  const Fixed<1> sums = xt::sum(exponentials, {1});
  return exponentials / xt::view(xt::maximum(sums, 1e-300), xt::all(), xt::newaxis());
}

}  // namespace

TEST_CASE_FIXTURE(FreshMemory, "oracle: attention and its gradients, with masks") {
  Draw draw(60);
  for (int i = repetitions(40, 1500); i > 0; --i) {
    const Heads h = draw_heads(draw);
    CAPTURE(h.n);
    CAPTURE(h.heads);
    CAPTURE(h.queries);
    CAPTURE(h.keys);
    CAPTURE(h.depth);
    CAPTURE(h.width);
    CAPTURE(h.causal);
    const DType dtype = draw.floating();
    const auto leaf = [&](std::int64_t steps, std::int64_t columns) {
      return Variable::leaf(draw.values({h.n, h.heads, steps, columns}, dtype));
    };
    const Variable q = leaf(h.queries, h.depth), k = leaf(h.keys, h.depth),
                   v = leaf(h.keys, h.width);
    AttentionMask mask;
    if (h.causal) mask.causal = Causal::yes;
    if (!h.lengths.empty()) mask.key_lengths = Tensor::from(h.lengths);
    const Variable y = scaled_dot_product_attention(q, k, v, mask);
    const Tensor g = draw.values(y.shape(), dtype);
    y.backward(g);

    const double scale = 1 / std::sqrt(static_cast<double>(h.depth));
    const Fixed<4> qs = wide<4>(q.value()), ks = wide<4>(k.value()), vs = wide<4>(v.value()),
                   gs = wide<4>(g);
    Fixed<4> ys = xt::zeros<double>(gs.shape()), dq = xt::zeros<double>(qs.shape()),
             dk = xt::zeros<double>(ks.shape()), dv = xt::zeros<double>(vs.shape());
    for (std::int64_t n = 0; n < h.n; ++n)
      for (std::int64_t at = 0; at < h.heads; ++at) {
        const Fixed<2> a = xt::view(qs, n, at), b = xt::view(ks, n, at), c = xt::view(vs, n, at),
                       seed = xt::view(gs, n, at);
        const Fixed<2> p = weights_of(a, b, seen_by(h, n), scale);
        const Fixed<2> slopes = product(seed, turned(c));
        const Fixed<1> means = xt::sum(p * slopes, {1});
        const Fixed<2> s = scale * p * (slopes - xt::view(means, xt::all(), xt::newaxis()));
        xt::view(ys, n, at) = product(p, c);
        xt::view(dv, n, at) = product(turned(p), seed);
        xt::view(dq, n, at) = product(s, b);
        xt::view(dk, n, at) = product(turned(s), a);
      }
    // Values and gradients below 1 are sums of terms that cancel.
    CHECK(distance(y.value(), ys, 1) < tolerance(dtype));
    CHECK(distance(q.grad(), dq, 1) < tolerance(dtype));
    CHECK(distance(k.grad(), dk, 1) < tolerance(dtype));
    CHECK(distance(v.grad(), dv, 1) < tolerance(dtype));
  }
}

TEST_CASE_FIXTURE(FreshMemory, "oracle: rms_norm and its gradients") {
  Draw draw(61);
  for (int i = repetitions(60, 2000); i > 0; --i) {
    const std::int64_t rows = draw.size(70), size = draw.size(300);
    CAPTURE(rows);
    CAPTURE(size);
    const DType dtype = draw.floating();
    const Variable x = Variable::leaf(draw.values({rows, size}, dtype));
    const Variable w = Variable::leaf(draw.values({size}, dtype));
    const Variable y = rms_norm(x, {size}, w);
    const Tensor g = draw.values({rows, size}, dtype);
    y.backward(g);
    const Fixed<2> xs = wide<2>(x.value()), seed = wide<2>(g);
    const Fixed<1> ws = wide<1>(w.value());
    const Fixed<1> roots = xt::sqrt(xt::mean(xs * xs, {1}) + 1e-5);
    const auto column = [](const Fixed<1>& each) {
      return Fixed<2>(xt::view(each, xt::all(), xt::newaxis()));
    };
    const Fixed<2> units = xs / column(roots), h = seed * ws;
    const Fixed<1> means = xt::mean(h * units, {1});
    CHECK(distance(y.value(), Fixed<2>(units * ws)) < tolerance(dtype));
    CHECK(distance(x.grad(), Fixed<2>((h - units * column(means)) / column(roots)), 1) <
          tolerance(dtype));
    CHECK(distance(w.grad(), Fixed<1>(xt::sum(seed * units, {0})), 1) < tolerance(dtype));
  }
}

TEST_CASE_FIXTURE(FreshMemory, "oracle: embedding and its gradient, with a padding") {
  Draw draw(62);
  for (int i = repetitions(60, 2000); i > 0; --i) {
    const std::int64_t classes = draw.size(30), size = draw.size(70), count = draw.size(3000);
    CAPTURE(classes);
    CAPTURE(size);
    CAPTURE(count);
    const DType dtype = draw.floating();
    const Variable w = Variable::leaf(draw.values({classes, size}, dtype));
    std::vector<std::int64_t> ids;
    for (std::int64_t k = 0; k < count; ++k)
      ids.push_back(draw.chance(40) ? 0 : draw.between(0, classes - 1));
    const std::int64_t padding = draw.between(0, classes - 1);
    const Variable y = embedding(w, Tensor::from(ids), padding);
    const Tensor g = draw.values(y.shape(), dtype);
    y.backward(g);
    const Fixed<2> ws = wide<2>(w.value()), seed = wide<2>(g);
    Fixed<2> ys = xt::zeros<double>(seed.shape()), dw = xt::zeros<double>(ws.shape());
    for (std::int64_t k = 0; k < count; ++k) {
      const std::int64_t id = ids[static_cast<std::size_t>(k)];
      xt::view(ys, k) = xt::view(ws, id);
      if (id != padding) xt::view(dw, id) += xt::view(seed, k);
    }
    CHECK(distance(y.value(), ys) == 0);
    CHECK(distance(w.grad(), dw, std::sqrt(static_cast<double>(count))) < tolerance(dtype));
  }
}
