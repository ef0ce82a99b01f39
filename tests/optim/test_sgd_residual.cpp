#include <cmath>
#include <limits>

#include "parameters.hpp"

namespace plumb::test {
namespace {

using optim::SGD;

SGD::Options holding(double below, std::int64_t max_wait = 0) {
  SGD::Options options = SGD::plain(1);
  options.accumulate_below = below;
  options.max_wait = max_wait;
  return options;
}

// What an element has been given by each step at lr 1, for these gradients.
std::vector<double> releases(const SGD::Options& options, const std::vector<double>& gradients) {
  const Parameter p = parameter("p", {0});
  SGD optimizer({p}, options);
  std::vector<double> all;
  for (const double gradient : gradients) {
    const double before = values(p)[0];
    set_grad(p, {gradient});
    optimizer.step();
    all.push_back(before - values(p)[0]);
  }
  return all;
}

// Multiples of 1/16 in (-1, 1), of which float32 adds thousands exactly.
double dyadic(std::int64_t i, int t) {
  return static_cast<double>((i * 7 + t * 13) % 31 - 15) / 16;
}

Tensor dyadic_gradient(std::int64_t n, int t, DType dtype) {
  Tensor gradient = Tensor::empty({n}, DType::float64);
  double* g = gradient.mutable_data<double>();
  for (std::int64_t i = 0; i < n; ++i) g[i] = dyadic(i, t);
  return gradient.to(dtype);
}

Tensor kept(const SGD& optimizer, const char* what) {
  return optimizer.state_dict().tensor(std::string("state.p.") + what);
}

}  // namespace

TEST_CASE("SGD residual: holds back until gradient or sum reach the threshold") {
  CHECK(releases(holding(1), {0.25, 0.5, 0.25}) == std::vector<double>{0, 0, 1});
  CHECK(releases(holding(1), {0.25, 1, 0.5}) == std::vector<double>{0, 1.25, 0});
  CHECK(releases(holding(1), {-0.25, -1, 0.5}) == std::vector<double>{0, -1.25, 0});
  CHECK(releases(holding(1), {0.75, -1, 0.5}) == std::vector<double>{0, -0.25, 0});
  CHECK(releases(holding(1), {0.75, -0.5, -0.75, -0.5}) == std::vector<double>{0, 0, 0, -1});
}

TEST_CASE("SGD residual: max_wait releases what is old, however small") {
  CHECK(releases(holding(8, 3), {1, 1, 1, 1, 1, 1, 0, 0, 0}) ==
        std::vector<double>{0, 0, 3, 0, 0, 3, 0, 0, 0});
  CHECK(releases(holding(4, 3), {1, 5, 1, 1, 1}) == std::vector<double>{0, 6, 0, 0, 3});
  std::vector<double> ones(510, 1);
  const std::vector<double> longest = releases(holding(1e9, 255), ones);
  for (std::size_t t = 0; t < ones.size(); ++t) CHECK(longest[t] == ((t + 1) % 255 == 0 ? 255 : 0));
}

TEST_CASE("SGD residual: a threshold of 0 is bit for bit no stage") {
  for (const auto& base : {SGD::plain(0.1), SGD::heavy_ball(0.1, 0.9), SGD::debiased(0.1, 0.9)}) {
    for (const DType dtype : {DType::float32, DType::float64}) {
      for (const bool waits : {false, true}) {
        SGD::Options options = base;
        options.max_wait = waits ? 5 : 0;
        const Tensor start = Tensor::full({1000}, 0.3, dtype);
        const Parameter p{"p", Variable::leaf(start.clone())};
        const Parameter q{"p", Variable::leaf(start.clone())};
        SGD plain({p}, base);
        SGD zero({q}, options);
        for (int t = 1; t <= 20; ++t) {
          Tensor gradient = dyadic_gradient(1000, t, DType::float64);
          gradient.mutable_data<double>()[0] = -0.0;
          Variable(p.variable).set_grad(gradient.to(dtype));
          Variable(q.variable).set_grad(gradient.to(dtype));
          plain.step();
          zero.step();
        }
        CHECK(same_state(plain.state_dict().part("state"), zero.state_dict().part("state")));
        CHECK(hash(p.variable.value()) == hash(q.variable.value()));
        CHECK(hash(p.variable.value()) != hash(start));
      }
    }
  }
}

TEST_CASE("SGD residual: what was released and what is kept is the sum of all gradients") {
  constexpr std::int64_t n = 2500;  // blocks, vectors and a rest
  for (const DType dtype : {DType::float32, DType::float64}) {
    for (const int max_wait : {0, 1, 4, 200}) {
      for (const double below : {0.0625, 0.5, 3.0, 100.0}) {
        const Parameter p = {"p", Variable::leaf(Tensor::zeros({n}, dtype))};
        SGD optimizer({p}, holding(below, max_wait));
        std::vector<double> sum(n);
        for (int t = 1; t <= 30; ++t) {
          const Tensor gradient = dyadic_gradient(n, t, dtype);
          Variable(p.variable).set_grad(gradient);
          optimizer.step();
          for (std::int64_t i = 0; i < n; ++i) sum[static_cast<std::size_t>(i)] += dyadic(i, t);
          REQUIRE(gradient.to(DType::float64).to_vector<double>() ==
                  dyadic_gradient(n, t, dtype).to(DType::float64).to_vector<double>());
        }
        const auto released = values(p);
        const auto rest = kept(optimizer, "residual").to(DType::float64).to_vector<double>();
        bool equal = true;
        bool small = true;
        for (std::size_t i = 0; i < sum.size(); ++i) {
          equal = equal && -released[i] + rest[i] == sum[i];
          small = small && std::abs(rest[i]) < below;
        }
        INFO("below " << below << ", max_wait " << max_wait);
        CHECK(equal);
        CHECK(small);
        optimizer.flush();
        const auto all = values(p);
        for (std::size_t i = 0; i < sum.size(); ++i) equal = equal && -all[i] == sum[i];
        CHECK(equal);
      }
    }
  }
}

TEST_CASE("SGD residual: every element follows the rule on its own") {
  constexpr std::int64_t n = 2500;
  const Parameter p = {"p", Variable::leaf(Tensor::zeros({n}))};
  SGD optimizer({p}, holding(1.5, 4));
  std::vector<double> r(n), x(n);
  std::vector<int> age(n);
  std::int64_t released = 0;
  for (int t = 1; t <= 30; ++t) {
    Variable(p.variable).set_grad(dyadic_gradient(n, t, DType::float32));
    optimizer.step();
    for (std::size_t i = 0; i < r.size(); ++i) {
      const double g = dyadic(static_cast<std::int64_t>(i), t);
      r[i] += g;
      ++age[i];
      if (std::abs(g) < 1.5 && std::abs(r[i]) < 1.5 && age[i] < 4) continue;
      x[i] -= r[i];
      r[i] = 0;
      age[i] = 0;
      ++released;
    }
    REQUIRE(values(p) == x);
  }
  CHECK(kept(optimizer, "residual").to(DType::float64).to_vector<double>() == r);
  CHECK(kept(optimizer, "age").to(DType::int64).to_vector<std::int64_t>() ==
        std::vector<std::int64_t>(age.begin(), age.end()));
  CHECK(optimizer.release_count().offered == 30 * n);
  CHECK(optimizer.release_count().released == released);
  CHECK(optimizer.release_count().fraction() ==
        static_cast<double>(released) / static_cast<double>(30 * n));
}

TEST_CASE("SGD residual: NaN and infinity are released at once and not kept") {
  for (const double bad : {std::nan(""), std::numeric_limits<double>::infinity()}) {
    const Parameter p = parameter("p", {0, 0});
    SGD optimizer({p}, holding(1, 9));
    set_grad(p, {bad, 0.25});
    optimizer.step();
    CHECK_FALSE(std::isfinite(values(p)[0]));
    CHECK(values(p)[1] == 0);
    CHECK(kept(optimizer, "residual").to_vector<double>() == std::vector<double>{0, 0.25});
  }
}

TEST_CASE("SGD residual: decay, momentum and maximize come after it") {
  SGD::Options options = holding(1);
  options.lr = 0.5;
  options.weight_decay = 0.5;
  const Parameter p = parameter("p", {1});
  SGD decayed({p}, options);
  set_grad(p, {0.5});
  decayed.step();
  CHECK(values(p)[0] == 0.75);  // by the decay alone
  decayed.step();
  CHECK(values(p)[0] == 0.0625);  // 0.75 - 0.5 (1 + 0.375)

  options = holding(1);
  options.momentum = 0.5;
  CHECK(releases(options, {0.5, 0.5, 0.25, 2}) == std::vector<double>{0, 1, 0.5, 2.5});
  options = holding(1);
  options.maximize = true;
  CHECK(releases(options, {0.5, 0.5}) == std::vector<double>{0, -1});
}

TEST_CASE("SGD residual: flush steps by what is kept, and only where something is") {
  const Parameter p = parameter("p", {0});
  const Parameter q = parameter("q", {0});
  const Parameter plain = parameter("plain", {0});
  SGD optimizer({{{p, q}}, {{plain}, {{"accumulate_below", 0.0}}}}, [] {
    SGD::Options options = holding(1, 200);
    options.momentum = 0.5;
    return options;
  }());
  for (const Parameter& each : {p, plain}) set_grad(each, {0.5});
  optimizer.step();
  const auto count = optimizer.release_count();
  optimizer.flush();
  CHECK(values(p)[0] == -0.5);
  CHECK(values(q)[0] == 0);
  CHECK(values(plain)[0] == -0.5);
  CHECK(optimizer.state_dict().scalar<std::string>("state.p.residual") == "none");
  CHECK(optimizer.state_dict().scalar<std::string>("state.p.age") == "none");
  CHECK(optimizer.groups()[0].states[0].steps == 2);
  CHECK(optimizer.groups()[1].states[0].steps == 1);
  CHECK(p.variable.grad().to_vector<double>() == std::vector<double>{0.5});
  CHECK(optimizer.release_count().offered == count.offered);
  optimizer.flush();  // nothing is left
  CHECK(values(p)[0] == -0.5);

  SGD::Options up = holding(1);
  up.maximize = true;
  const Parameter r = parameter("r", {0});
  SGD climbing({r}, up);
  set_grad(r, {0.5});
  climbing.step();
  climbing.flush();
  CHECK(values(r)[0] == 0.5);
}

TEST_CASE("SGD residual: options that change on the way") {
  const Parameter p = parameter("p", {0});
  SGD optimizer({p}, holding(4, 3));
  set_grad(p, {1});
  optimizer.step();
  optimizer.step();
  optimizer.set(0, "max_wait", 0);  // ages are forgotten
  optimizer.step();
  CHECK(values(p)[0] == 0);
  CHECK(optimizer.state_dict().scalar<std::string>("state.p.age") == "none");
  optimizer.set(0, "max_wait", 2);
  optimizer.set(0, "accumulate_below", 100.0);
  optimizer.step();
  CHECK(values(p)[0] == 0);
  optimizer.step();
  CHECK(values(p)[0] == -5);
  optimizer.step();
  optimizer.set(0, "accumulate_below", 0.0);
  optimizer.step();
  CHECK(values(p)[0] == -7);
  CHECK(optimizer.state_dict().scalar<std::string>("state.p.residual") == "none");
}

TEST_CASE("SGD residual: the share released, by group") {
  const Parameter p = parameter("p", {0, 0});
  const Parameter q = parameter("q", {0, 0});
  SGD optimizer({{{p}}, {{q}, {{"accumulate_below", 2.0}}}}, holding(1));
  CHECK(optimizer.release_count().fraction() == 1);
  for (const Parameter& each : {p, q}) set_grad(each, {1.5, 0.5});
  optimizer.step();
  CHECK(optimizer.release_count(0).fraction() == 0.5);
  CHECK(optimizer.release_count(1).fraction() == 0);
  CHECK(optimizer.release_count().fraction() == 0.25);
  CHECK(error_of([&] { optimizer.release_count(2); }) == "[SGD] group 2 is out of range [0, 2)");
}

TEST_CASE("SGD residual: options out of range are refused by name") {
  const Parameter p = parameter("p", {0});
  SGD optimizer({p}, SGD::plain(0.1));
  const auto refusal = [&](const char* name, const optim::OptionValue& value) {
    return error_of([&] { optimizer.set(0, name, value); });
  };
  CHECK(refusal("accumulate_below", -0.5) ==
        "[SGD] accumulate_below must be in [0, inf), got -0.5");
  CHECK(refusal("accumulate_below", std::nan("")) ==
        "[SGD] accumulate_below must be in [0, inf), got nan");
  CHECK(refusal("max_wait", std::int64_t{-1}) == "[SGD] max_wait must be in [0, 255], got -1");
  CHECK(refusal("max_wait", std::int64_t{256}) == "[SGD] max_wait must be in [0, 255], got 256");
  CHECK(refusal("max_wait", 2.5) == "[SGD] max_wait must be an integer, got 2.5");
}

}  // namespace plumb::test
