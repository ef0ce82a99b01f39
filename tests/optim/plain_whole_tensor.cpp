#include <algorithm>
#include <cmath>

#include "plain_rules.hpp"

namespace plumb::test {
namespace {

double norm_of(const std::vector<double>& x) {
  double sum = 0;
  for (const double value : x) sum += value * value;
  return std::sqrt(sum);
}

PlainRow lamb(bool adapt) {
  return {"LAMB",
          {{"lr", 0.05}, {"beta1", 0.8}, {"beta2", 0.9}, {"weight_decay", 0.1}, {"adapt", adapt}},
          [=](std::vector<PlainParameter>& all) {
            for (PlainParameter& x : all) {
              std::vector<double>&m = x.keep("m"), &v = x.keep("v"), u(m.size());
              for (std::size_t i = 0; i < u.size(); ++i) {
                m[i] = 0.8 * m[i] + 0.2 * x.g[i];
                v[i] = 0.9 * v[i] + 0.1 * x.g[i] * x.g[i];
                u[i] = m[i] / (1 - std::pow(0.8, x.t)) /
                           (std::sqrt(v[i] / (1 - std::pow(0.9, x.t))) + 1e-6) +
                       0.1 * x.p[i];
              }
              const double ratio = adapt ? norm_of(x.p) / norm_of(u) : 1;
              for (std::size_t i = 0; i < u.size(); ++i) x.p[i] -= 0.05 * ratio * u[i];
            }
          }};
}

PlainRow lars(bool debias) {
  return {"LARS",
          {{"lr", 2.0},
           {"momentum", 0.8},
           {"trust_coefficient", 0.02},
           {"weight_decay", 0.1},
           {"debias", debias}},
          [=](std::vector<PlainParameter>& all) {
            for (PlainParameter& x : all) {
              std::vector<double>& a = x.keep("a");
              const double ratio = 0.02 * norm_of(x.p) / (norm_of(x.g) + 0.1 * norm_of(x.p));
              for (std::size_t i = 0; i < a.size(); ++i) {
                const double g = ratio * (x.g[i] + 0.1 * x.p[i]);
                a[i] = 0.8 * a[i] + (debias ? 0.2 : 1) * g;
                x.p[i] -= 2.0 * a[i] / (debias ? 1 - std::pow(0.8, x.t) : 1);
              }
            }
          }};
}

// One distance for all parameters, kept with the first.
PlainRow prodigy(bool safeguard) {
  const double d0 = 0.01, beta3 = std::sqrt(0.95);
  return {"Prodigy",
          {{"beta1", 0.8},
           {"beta2", 0.95},
           {"weight_decay", 0.01},
           {"d0", d0},
           {"lr", 0.5},
           {"bias_correction", safeguard},
           {"safeguard_warmup", safeguard}},
          [=](std::vector<PlainParameter>& all) {
            std::vector<double>& common = all[0].keep("d and r", 2);
            if (all[0].t == 1) common[0] = d0;
            const double d = common[0], t = all[0].t;
            const double corrected =
                safeguard ? std::sqrt(1 - std::pow(0.95, t)) / (1 - std::pow(0.8, t)) : 1;
            const double dlr = d * 0.5 * corrected;
            double r = beta3 * common[1], size = 0;
            for (PlainParameter& x : all) {
              std::vector<double>&s = x.keep("s"), &p0 = x.keep("p0");
              if (x.t == 1) p0 = x.p;
              for (std::size_t i = 0; i < s.size(); ++i) {
                r += d / d0 * dlr * x.g[i] * (p0[i] - x.p[i]);
                s[i] = beta3 * s[i] + d / d0 * (safeguard ? d : dlr) * x.g[i];
                size += std::abs(s[i]);
              }
            }
            const double next = std::max(d, r / size);
            for (PlainParameter& x : all) {
              std::vector<double>&m = x.keep("m"), &v = x.keep("v");
              for (std::size_t i = 0; i < m.size(); ++i) {
                m[i] = 0.8 * m[i] + d * 0.2 * x.g[i];
                v[i] = 0.95 * v[i] + d * d * 0.05 * x.g[i] * x.g[i];
                x.p[i] -= dlr * 0.01 * x.p[i];
                x.p[i] -= dlr * m[i] / (std::sqrt(v[i]) + next * 1e-8);
              }
            }
            common[0] = next;
            common[1] = r;
          }};
}

}  // namespace

std::vector<PlainRow> plain_whole_tensor_rows() {
  return {lamb(true), lamb(false), lars(false), lars(true), prodigy(false), prodigy(true)};
}

}  // namespace plumb::test
