#include <cmath>
#include <limits>

#include "plain_rules.hpp"

namespace plumb::test {
namespace {

// f(p, g, s, t): an element, its gradient and four numbers that begin as 0.
template <class F>
PlainStep for_each_element(F f) {
  return [f](std::vector<PlainParameter>& all) {
    for (PlainParameter& x : all) {
      std::vector<double>& kept = x.keep("all", 4 * x.p.size());
      for (std::size_t i = 0; i < x.p.size(); ++i) f(x.p[i], x.g[i], &kept[4 * i], x.t);
    }
  };
}

double sign_of(double x) { return x > 0 ? 1 : x < 0 ? -1 : 0; }

PlainRow lion(bool debias) {
  return {"Lion",
          {{"lr", 0.02}, {"beta1", 0.8}, {"beta2", 0.9}, {"weight_decay", 0.1}, {"debias", debias}},
          for_each_element([=](double& p, double g, double* m, int t) {
            const double seen = debias && t > 1 ? m[0] / (1 - std::pow(0.9, t - 1)) : m[0];
            const double u = sign_of(0.8 * seen + 0.2 * g);
            p -= 0.02 * (u + 0.1 * p);
            m[0] = 0.9 * m[0] + 0.1 * g;
          }),
          "",
          true};
}

PlainRow nadam(bool decoupled) {
  const double lambda = 0.05;
  return {decoupled ? "NAdamW" : "NAdam",
          {{"lr", 0.05},
           {"beta1", 0.8},
           {"beta2", 0.9},
           {"weight_decay", lambda},
           {"momentum_decay", 0.5}},
          for_each_element([=](double& p, double g, double* s, int t) {
            const auto u = [](int t) { return 0.8 * (1 - 0.5 * std::pow(0.96, 0.5 * t)); };
            double product = 1;
            for (int k = 1; k <= t; ++k) product *= u(k);
            if (!decoupled) g += lambda * p;
            if (decoupled) p -= 0.05 * lambda * p;
            s[0] = 0.8 * s[0] + 0.2 * g;
            s[1] = 0.9 * s[1] + 0.1 * g * g;
            const double root = std::sqrt(s[1] / (1 - std::pow(0.9, t))) + 1e-8;
            p -= 0.05 * u(t + 1) / (1 - product * u(t + 1)) * s[0] / root;
            p -= 0.05 * (1 - u(t)) / (1 - product) * g / root;
          })};
}

PlainRow radam() {
  return {"RAdam",
          {{"lr", 0.05}, {"beta1", 0.8}, {"beta2", 0.95}, {"weight_decay", 0.01}},
          for_each_element([](double& p, double g, double* s, int t) {
            g += 0.01 * p;
            s[0] = 0.8 * s[0] + 0.2 * g;
            s[1] = 0.95 * s[1] + 0.05 * g * g;
            const double m = s[0] / (1 - std::pow(0.8, t)), power = std::pow(0.95, t);
            const double n = 2 / (1 - 0.95) - 1, r = n - 2 * t * power / (1 - power);
            const double rectified =
                r > 5 ? std::sqrt((r - 4) * (r - 2) * n / ((n - 4) * (n - 2) * r)) *
                            std::sqrt(1 - power) / (std::sqrt(s[1]) + 1e-8)
                      : 1;
            p -= 0.05 * rectified * m;
          })};
}

PlainRow ademamix() {
  return {"AdEMAMix",
          {{"lr", 0.02},
           {"beta1", 0.8},
           {"beta2", 0.9},
           {"beta3", 0.99},
           {"alpha", 3.0},
           {"weight_decay", 0.1},
           {"alpha_warmup", std::int64_t{40}},
           {"beta3_warmup", std::int64_t{60}}},
          for_each_element([](double& p, double g, double* s, int t) {
            const double alpha = t < 40 ? 3.0 * t / 40 : 3.0, share = t / 60.0;
            // Half-lives of beta1 and beta3, between which the line goes.
            const double half = (1 - share) * std::log(0.5) / std::log(0.8) +
                                share * std::log(0.5) / std::log(0.99);
            const double beta3 = t < 60 ? std::pow(0.5, 1 / half) : 0.99;
            s[0] = 0.8 * s[0] + 0.2 * g;
            s[1] = beta3 * s[1] + (1 - beta3) * g;
            s[2] = 0.9 * s[2] + 0.1 * g * g;
            const double m = s[0] / (1 - std::pow(0.8, t)), v = s[2] / (1 - std::pow(0.9, t));
            p -= 0.02 * ((m + alpha * s[1]) / (std::sqrt(v) + 1e-8) + 0.1 * p);
          })};
}

// x, y and z each in their own place; p is y.
PlainRow schedule_free(bool adamw) {
  const double lr = adamw ? 0.05 : 0.5, beta = 0.8;
  optim::Settings options = {{"lr", lr}, {"weight_decay", 0.01}};
  options.push_back({adamw ? "beta1" : "momentum", beta});
  if (adamw) options.push_back({"beta2", 0.95});
  return {adamw ? "ScheduleFreeAdamW" : "ScheduleFreeSGD", options,
          [=](std::vector<PlainParameter>& all) {
            for (PlainParameter& it : all) {
              std::vector<double>&z = it.keep("z"), &x = it.keep("x"), &v = it.keep("v");
              if (it.t == 1) z = x = it.p;
              for (std::size_t i = 0; i < z.size(); ++i) {
                v[i] = 0.95 * v[i] + 0.05 * it.g[i] * it.g[i];
                const double root = std::sqrt(v[i] / (1 - std::pow(0.95, it.t))) + 1e-8;
                z[i] -= lr * (it.g[i] / (adamw ? root : 1) + 0.01 * it.p[i]);
                x[i] += (z[i] - x[i]) / it.t;
                it.p[i] = (1 - beta) * z[i] + beta * x[i];
              }
            }
          },
          "x"};
}

}  // namespace

std::vector<PlainRow> plain_elementwise_rows() {
  return {lion(false), lion(true), nadam(false),         nadam(true),
          radam(),     ademamix(), schedule_free(false), schedule_free(true)};
}

}  // namespace plumb::test
