#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <plumb/autograd/gradcheck.hpp>
#include <plumb/autograd/ops/attention.hpp>
#include <plumb/autograd/ops/shape.hpp>

#include "../../support/compare.hpp"
#include "../../support/errors.hpp"
#include "../../support/random.hpp"
#include "../../support/special_values.hpp"
#include "../../support/threads.hpp"

using namespace plumb;
using plumb::test::deviation;
using plumb::test::error_of;
using plumb::test::infinity;
using plumb::test::normal;

namespace {

Tensor lengths(const std::vector<std::int64_t>& values) { return Tensor::from(values); }

// A problem in float64, and its mask.
struct Problem {
  Tensor q, k, v;
  AttentionMask mask;

  bool sees(std::int64_t n, std::int64_t i, std::int64_t j) const {
    if (mask.causal == Causal::yes && j > i) return false;
    return !mask.key_lengths.defined() || j < mask.key_lengths.at({n});
  }
};

// y and the gradients of q, k and v by the definition.
std::vector<Tensor> expected(const Problem& p, const Tensor& g) {
  const std::int64_t heads = p.q.dim(1), queries = p.q.dim(2), keys = p.k.dim(2);
  const std::int64_t depth = p.q.dim(3), width = p.v.dim(3);
  std::vector<Tensor> results = {
      Tensor::zeros(g.shape(), DType::float64), Tensor::zeros(p.q.shape(), DType::float64),
      Tensor::zeros(p.k.shape(), DType::float64), Tensor::zeros(p.v.shape(), DType::float64)};
  const double scale = 1 / std::sqrt(static_cast<double>(depth));
  for (std::int64_t at = 0; at < p.q.dim(0) * heads; ++at) {
    const double *q = p.q.data<double>() + at * queries * depth,
                 *k = p.k.data<double>() + at * keys * depth,
                 *v = p.v.data<double>() + at * keys * width,
                 *slope = g.data<double>() + at * queries * width;
    double *y = results[0].mutable_data<double>() + at * queries * width,
           *dq = results[1].mutable_data<double>() + at * queries * depth,
           *dk = results[2].mutable_data<double>() + at * keys * depth,
           *dv = results[3].mutable_data<double>() + at * keys * width;
    for (std::int64_t i = 0; i < queries; ++i) {
      std::vector<double> weight(static_cast<std::size_t>(keys));
      double sum = 0;
      for (std::int64_t j = 0; j < keys; ++j) {
        if (!p.sees(at / heads, i, j)) continue;
        double score = 0;
        for (std::int64_t c = 0; c < depth; ++c) score += q[i * depth + c] * k[j * depth + c];
        sum += weight[static_cast<std::size_t>(j)] = std::exp(score * scale);
      }
      if (sum == 0) continue;
      double product = 0;
      std::vector<double> slopes(static_cast<std::size_t>(keys));
      for (std::int64_t j = 0; j < keys; ++j) {
        double& w = weight[static_cast<std::size_t>(j)];
        w /= sum;
        for (std::int64_t c = 0; c < width; ++c) {
          y[i * width + c] += w * v[j * width + c];
          dv[j * width + c] += w * slope[i * width + c];
          slopes[static_cast<std::size_t>(j)] += slope[i * width + c] * v[j * width + c];
        }
        product += w * slopes[static_cast<std::size_t>(j)];
      }
      for (std::int64_t j = 0; j < keys; ++j)
        for (std::int64_t c = 0; c < depth; ++c) {
          const double s = scale * weight[static_cast<std::size_t>(j)] *
                           (slopes[static_cast<std::size_t>(j)] - product);
          dq[i * depth + c] += s * k[j * depth + c];
          dk[j * depth + c] += s * q[i * depth + c];
        }
    }
  }
  return results;
}

std::vector<Tensor> computed(const Problem& p, const Tensor& g, DType dtype) {
  const Variable q = Variable::leaf(p.q.to(dtype)), k = Variable::leaf(p.k.to(dtype)),
                 v = Variable::leaf(p.v.to(dtype));
  const Variable y = scaled_dot_product_attention(q, k, v, p.mask);
  y.backward(g.to(dtype));
  return {y.value(), q.grad(), k.grad(), v.grad()};
}

// [n, h, steps, d] as [n, steps, h d].
Tensor beside(const Tensor& x) {
  return permute(x, {0, 2, 1, 3}).value().reshape({x.dim(0), x.dim(2), x.dim(1) * x.dim(3)});
}

GradcheckFunction attention_with(const AttentionMask& mask) {
  return [mask](const std::vector<Variable>& in) {
    return scaled_dot_product_attention(in[0], in[1], in[2], mask);
  };
}

}  // namespace

TEST_CASE("attention: sizes around strips and vectors agree with the definition") {
  for (const std::int64_t queries : {1, 31, 32, 33, 64, 65, 130})
    for (const std::int64_t keys : {1, 16, 17, 64, 70})
      for (const Causal causal : {Causal::no, Causal::yes}) {
        CAPTURE(queries);
        CAPTURE(keys);
        Problem p{normal({2, 2, queries, 5}, DType::float64, 1),
                  normal({2, 2, keys, 5}, DType::float64, 2),
                  normal({2, 2, keys, 3}, DType::float64, 3),
                  {}};
        p.mask.causal = causal;
        if (queries % 2 == 1) p.mask.key_lengths = lengths({keys, keys / 3});
        const Tensor g = normal({2, 2, queries, 3}, DType::float64, 4);
        const std::vector<Tensor> wanted = expected(p, g);
        const std::vector<Tensor> wide = computed(p, g, DType::float64),
                                  narrow = computed(p, g, DType::float32);
        for (std::size_t i = 0; i < 4; ++i) {
          CAPTURE(i);
          CHECK(deviation(wide[i], wanted[i]) <= 1e-13);
          CHECK(deviation(narrow[i].to(DType::float64), wanted[i]) <= 4e-6);
        }
      }
}

TEST_CASE("attention: gradcheck with every mask") {
  const std::vector<Tensor> in = {normal({3, 2, 4, 3}, DType::float64, 1),
                                  normal({3, 2, 5, 3}, DType::float64, 2),
                                  normal({3, 2, 5, 2}, DType::float64, 3)};
  AttentionMask mask;
  gradcheck(attention_with(mask), in);
  mask.key_lengths = lengths({5, 1, 0});
  gradcheck(attention_with(mask), in);
  mask.query_lengths = lengths({4, 0, 2});
  gradcheck(attention_with(mask), in);
  mask.causal = Causal::yes;
  gradcheck(attention_with(mask), in);
  Tensor additive = normal({2, 1, 5}, DType::float64, 5);
  additive.mutable_data<double>()[1] = -infinity;
  mask.additive = additive;
  gradcheck(attention_with(mask), in);
}

TEST_CASE("attention: gradcheck with dropout, whose numbers are drawn again") {
  const auto f = [](const std::vector<Variable>& in) {
    Generator generator(5, Stream::dropout);
    AttentionMask mask;
    mask.causal = Causal::yes;
    return scaled_dot_product_attention(in[0], in[1], in[2], mask, {0.4, &generator});
  };
  gradcheck(f, {normal({2, 2, 5, 3}, DType::float64, 1), normal({2, 2, 5, 3}, DType::float64, 2),
                normal({2, 2, 5, 2}, DType::float64, 3)});
}

TEST_CASE("attention: a row that sees nothing gives 0 and gradient 0") {
  for (const DType dtype : {DType::float32, DType::float64}) {
    const Tensor x = normal({2, 1, 3, 2}, dtype);
    AttentionMask by_length, by_bias;
    by_length.key_lengths = lengths({0, 3});
    by_bias.additive =
        Tensor::from({-infinity, 0.0}, {2, 1, 1, 1}).to(dtype);  // all keys of sample 0
    for (const AttentionMask& mask : {by_length, by_bias}) {
      const Variable q = Variable::leaf(x), k = Variable::leaf(x), v = Variable::leaf(x);
      const Variable y = scaled_dot_product_attention(q, k, v, mask);
      y.backward(Tensor::ones({2, 1, 3, 2}, dtype));
      for (const Tensor& t : {y.value(), q.grad(), k.grad(), v.grad()})
        for (std::int64_t i = 0; i < 6; ++i) {
          CHECK(t.at({0, 0, i / 2, i % 2}) == 0);
          CHECK(std::isfinite(t.at({1, 0, i / 2, i % 2})));
        }
      CHECK(v.grad().at({1, 0, 0, 0}) != 0);
    }
  }
}

TEST_CASE("attention: what lies past the lengths changes no bit, NaN neither") {
  AttentionMask mask;
  mask.key_lengths = mask.query_lengths = lengths({2, 0, 5});
  const auto run = [&](double padding) {
    std::vector<Tensor> in;
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
      Tensor x = normal({3, 2, 5, 4}, DType::float32, seed);
      for (std::int64_t n = 0; n < 2; ++n)
        for (std::int64_t h = 0; h < 2; ++h)
          for (std::int64_t i = n == 0 ? 2 : 0; i < 5; ++i)
            std::fill_n(x.mutable_data<float>() + ((n * 2 + h) * 5 + i) * 4, 4,
                        static_cast<float>(padding));
      in.push_back(x);
    }
    const Variable q = Variable::leaf(in[0]), k = Variable::leaf(in[1]), v = Variable::leaf(in[2]);
    const Variable y = scaled_dot_product_attention(q, k, v, mask);
    y.backward(in[3]);
    std::vector<float> all;
    for (const Tensor& t : {y.value(), q.grad(), k.grad(), v.grad()})
      for (const float value : t.to_vector<float>()) all.push_back(value);
    return all;
  };
  const std::vector<float> zeros = run(0);
  CHECK(run(std::nan("")) == zeros);
  CHECK(run(infinity) == zeros);
}

TEST_CASE("attention: heads side by side have the bits of heads apart") {
  AttentionMask mask;
  mask.causal = Causal::yes;
  mask.key_lengths = lengths({9, 40});
  const Tensor q = normal({2, 3, 40, 8}, DType::float32, 1),
               k = normal({2, 3, 40, 8}, DType::float32, 2),
               v = normal({2, 3, 40, 8}, DType::float32, 3),
               g = normal({2, 3, 40, 8}, DType::float32, 4);
  const Variable a = Variable::leaf(q), b = Variable::leaf(k), c = Variable::leaf(v);
  const Variable y = scaled_dot_product_attention(a, b, c, mask);
  y.backward(g);

  const Variable left = Variable::leaf(beside(q)), middle = Variable::leaf(beside(k)),
                 right = Variable::leaf(beside(v));
  const Variable three = multi_head_attention(left, middle, right, 3, mask);
  three.backward(beside(g));
  CHECK(three.value().to_vector<float>() == beside(y.value()).to_vector<float>());
  CHECK(left.grad().to_vector<float>() == beside(a.grad()).to_vector<float>());
  CHECK(middle.grad().to_vector<float>() == beside(b.grad()).to_vector<float>());
  CHECK(right.grad().to_vector<float>() == beside(c.grad()).to_vector<float>());

  const Variable packed = Variable::leaf(concat({left, middle, right}, 2).value());
  const Variable one = multi_head_attention(packed, 3, mask);
  CHECK(one.value().to_vector<float>() == three.value().to_vector<float>());
  for (int pass = 1; pass <= 2; ++pass) {  // written, then added to
    multi_head_attention(packed, 3, mask).backward(beside(g));
    const Tensor sum = concat({left.grad(), middle.grad(), right.grad()}, 2).value();
    const auto actual = packed.grad().to_vector<float>(), whole = sum.to_vector<float>();
    for (std::size_t i = 0; i < whole.size(); ++i)
      CHECK(actual[i] == doctest::Approx(static_cast<float>(pass) * whole[i]).epsilon(1e-5));
  }
}

TEST_CASE("attention: one tensor as queries, keys and values") {
  gradcheck(
      [](const std::vector<Variable>& in) {
        return scaled_dot_product_attention(in[0], in[0], in[0]);
      },
      {normal({1, 2, 3, 2})});
}

TEST_CASE("attention: dropout keeps the mean, and none or all of the weights at its ends") {
  const Tensor v = Tensor::ones({1, 1, 64, 1}), q = normal({1, 1, 2000, 4}, DType::float32),
               k = normal({1, 1, 64, 4}, DType::float32);
  Generator generator(1, Stream::dropout);
  const Tensor y = scaled_dot_product_attention(q, k, v, {}, {0.25, &generator}).value();
  CHECK(generator.position() == 2000 * 16);
  double sum = 0;
  for (const float value : y.to_vector<float>()) sum += value;
  CHECK(sum / 2000 == doctest::Approx(1).epsilon(0.02));
  CHECK(y.at({0, 0, 0, 0}) != y.at({0, 0, 1, 0}));
  const Tensor none = scaled_dot_product_attention(q, k, v, {}, {1, &generator}).value();
  for (const float value : none.to_vector<float>()) CHECK(value == 0);
  const auto before = generator.position();
  scaled_dot_product_attention(q, k, v, {}, {0, &generator});
  CHECK(generator.position() == before);
}

TEST_CASE("attention: the same bits for any number of threads") {
  Generator generator(2, Stream::dropout);
  const auto start = generator.position();
  for (const std::int64_t heads : {1, 5}) {
    const Tensor x = normal({3, 50, 3 * heads * 16}, DType::float32);
    std::vector<float> first;
    for (const int threads : test::thread_counts()) {
      const test::Threads scope(threads);
      AttentionMask mask;
      mask.causal = Causal::yes;
      mask.key_lengths = lengths({50, 0, 13});
      generator.set_position(start);
      const Variable leaf = Variable::leaf(x);
      const Variable y = multi_head_attention(leaf, heads, mask, {0.1, &generator});
      y.backward(y.value());
      std::vector<float> all = y.value().to_vector<float>();
      const auto gradient = leaf.grad().to_vector<float>();
      all.insert(all.end(), gradient.begin(), gradient.end());
      if (first.empty()) first = all;
      CHECK(all == first);
    }
  }
}

TEST_CASE("attention: scores of +-10,000 neither overflow nor lose digits") {
  const Tensor q = Tensor::from({100.F, -100.F}, {1, 1, 2, 1}),
               k = Tensor::from({100.F, 100.F, -100.F}, {1, 1, 3, 1}),
               v = Tensor::from({1.F, 2.F, 7.F}, {1, 1, 3, 1});
  CHECK(scaled_dot_product_attention(q, k, v).value().to_vector<float>() ==
        std::vector<float>{1.5F, 7});
}

TEST_CASE("attention: NaN spreads over its row only") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Tensor q = Tensor::from({nan, 1.F}, {1, 1, 2, 1}), k = Tensor::ones({1, 1, 3, 1});
  const Tensor y = scaled_dot_product_attention(q, k, k).value();
  CHECK(std::isnan(y.at({0, 0, 0, 0})));
  CHECK(y.at({0, 0, 1, 0}) == 1);
}

TEST_CASE("attention: lengths that change before backward have no effect") {
  AttentionMask mask;
  mask.key_lengths = lengths({2});
  const Variable x = Variable::leaf(normal({1, 1, 3, 2}));
  const Variable y = scaled_dot_product_attention(x, x, x, mask);
  mask.key_lengths.fill(1'000'000);
  y.backward(Tensor::ones({1, 1, 3, 2}, DType::float64));
  CHECK(std::isfinite(x.grad().at({0, 0, 0, 0})));
}

TEST_CASE("attention: an additive mask that changed before backward is noticed") {
  AttentionMask mask;
  mask.additive = Tensor::zeros({3}, DType::float64);
  const Variable x = Variable::leaf(normal({1, 1, 3, 2}));
  const Variable y = scaled_dot_product_attention(x, x, x, mask);
  mask.additive.fill(1);
  CHECK_THROWS_AS(y.backward(Tensor::ones({1, 1, 3, 2}, DType::float64)), Error);
}

TEST_CASE("attention: errors name what does not fit") {
  const Tensor x = Tensor::zeros({2, 1, 3, 4});
  const auto error = [&](const AttentionMask& mask, AttentionDropout dropout = {}) {
    return error_of([&] { scaled_dot_product_attention(x, x, x, mask, dropout); });
  };
  CHECK(error_of([&] {
          scaled_dot_product_attention(x, Tensor::zeros({2, 1, 3, 5}), x);
        }) ==
        "[scaled_dot_product_attention] expected q [n, h, L, d], k [n, h, S, d] and v "
        "[n, h, S, e], got [2, 1, 3, 4], [2, 1, 3, 5] and [2, 1, 3, 4]");
  CHECK(error_of([&] {
          scaled_dot_product_attention(x, x, Tensor::zeros({3, 4}));
        }) == "[scaled_dot_product_attention] expected [n, h, steps, d], got [3, 4]");
  CHECK(error_of([&] { scaled_dot_product_attention(x, x, x.to(DType::float64)); }) ==
        "[scaled_dot_product_attention] element types differ: float32 and float64; "
        "Tensor::from({1.0}) is float64: write 1.0f, or convert with to(DType::float32)");
  AttentionMask mask;
  mask.key_lengths = lengths({3, 4});
  CHECK(error(mask) ==
        "[scaled_dot_product_attention] the key length of sample 1 must be in [0, 3], got 4");
  mask.key_lengths = lengths({3});
  CHECK(error(mask) ==
        "[scaled_dot_product_attention] the key length must be int64 [2], got int64 [1]");
  mask = {};
  mask.query_lengths = lengths({-1, 0});
  CHECK(error(mask) ==
        "[scaled_dot_product_attention] the query length of sample 0 must be in [0, 3], got -1");
  mask = {};
  mask.additive = Tensor::zeros({2, 3});
  CHECK(error(mask) ==
        "[scaled_dot_product_attention] an additive mask [2, 3] does not broadcast to "
        "[2, 1, 3, 3]");
  CHECK(error({}, {1.5, nullptr}) == "[scaled_dot_product_attention] p must be in [0, 1], got 1.5");
  CHECK(error({}, {0.5, nullptr}) == "[scaled_dot_product_attention] dropout needs a generator");
  CHECK(error_of([] {
          multi_head_attention(Tensor::zeros({2, 3, 10}), 2);
        }) == "[multi_head_attention] expected [n, L, 3 h d], got [2, 3, 10]");
  CHECK(error_of([] {
          multi_head_attention(Tensor::zeros({2, 3, 12}), 3);
        }) == "[multi_head_attention] the columns of [2, 3, 12] do not fall into 3 heads");
}
