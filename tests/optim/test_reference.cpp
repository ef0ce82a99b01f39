#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <sstream>

#include "rules.hpp"

namespace plumb::test {
namespace {

using optim::Settings;

constexpr const char* path = PLUMB_SOURCE_DIR "/tests/reference/optimizer.txt";

// The problem of optimizer_reference.py.
Parameter start(const std::string& name, int size, DType dtype) {
  std::vector<double> values;
  for (int i = 0; i < size; ++i) values.push_back(((5 * i) % 13 - 6) / 4.0);
  return {name, Variable::leaf(Tensor::from(values).to(dtype))};
}

template <class T>
void set_gradient_as(const Parameter& p, int t, int slope) {
  std::vector<T> gradient = p.variable.value().to_vector<T>();
  for (int i = 0; i < static_cast<int>(gradient.size()); ++i) {
    const T factor = static_cast<T>((1 + i % 4) / 4.0);
    const T shift = static_cast<T>(((7 * t + 3 * i) % 11 - 5) / 8.0);
    T& x = gradient[static_cast<std::size_t>(i)];
    x = static_cast<T>(slope) * (factor * x - shift);
  }
  Variable(p.variable).set_grad(Tensor::from(gradient));
}

void set_gradient(const Parameter& p, int t, int slope) {
  if (p.variable.dtype() == DType::float32)
    set_gradient_as<float>(p, t, slope);
  else
    set_gradient_as<double>(p, t, slope);
}

Settings read_settings(std::istringstream& line) {
  Settings settings;
  for (std::string option; line >> option;) {
    const std::string name = option.substr(0, option.find('='));
    const double value = std::stod(option.substr(option.find('=') + 1));
    const std::set<std::string> flags = {"nesterov", "maximize", "amsgrad", "centered"};
    if (flags.count(name) > 0)
      settings.push_back({name, value != 0});
    else
      settings.push_back({name, value});
  }
  return settings;
}

// One case: the optimizer is made when the first "at" line arrives.
class Trajectory {
 public:
  Trajectory(const std::string& rule, DType dtype, int slope)
      : rule_(rule),
        dtype_(dtype),
        slope_(slope),
        w_(start("w", 12, dtype)),
        b_(start("b", 3, dtype)) {}

  void add_group(const std::string& names, const Settings& settings) {
    Parameters parameters;
    if (names.find('w') != std::string::npos) parameters.push_back(w_);
    if (names.find('b') != std::string::npos) parameters.push_back(b_);
    groups_.push_back({parameters, settings});
  }

  // Steps on to step t; the largest difference to the values, relative to the largest of them.
  double deviation(int t, const std::vector<double>& expected) {
    if (optimizer_ == nullptr) optimizer_ = make_optimizer(rule_, groups_);
    while (t_ < t) {
      ++t_;
      set_gradient(w_, t_, slope_);
      set_gradient(b_, t_, slope_);
      optimizer_->step();
    }
    std::vector<double> actual = values(w_);
    for (const double x : values(b_)) actual.push_back(x);
    REQUIRE(actual.size() == expected.size());
    double largest = 0;
    double difference = 0;
    for (std::size_t i = 0; i < actual.size(); ++i) {
      largest = std::max(largest, std::abs(expected[i]));
      difference = std::max(difference, std::abs(actual[i] - expected[i]));
      if (!std::isfinite(actual[i])) difference = std::numeric_limits<double>::infinity();
    }
    return difference / largest;
  }

  double tolerance() const { return dtype_ == DType::float32 ? 4e-6 : 1e-12; }

 private:
  std::string rule_;
  DType dtype_;
  int slope_;
  Parameter w_;
  Parameter b_;
  std::vector<optim::ParameterGroup> groups_;
  std::unique_ptr<optim::Optimizer> optimizer_;
  int t_ = 0;
};

}  // namespace

TEST_CASE("Optimizer: every rule follows PyTorch's over 100 steps") {
  std::ifstream file(path);
  REQUIRE(file.good());
  std::unique_ptr<Trajectory> trajectory;
  std::string name;
  std::map<std::string, int> cases;  // by rule
  int at_100 = 0;
  for (std::string text; std::getline(file, text);) {
    std::istringstream line(text);
    std::string word;
    line >> word;
    if (word == "case") {
      std::string rule, dtype;
      int slope = 0;
      line >> rule >> name >> dtype >> slope;
      name = rule + " " + name + " " + dtype;
      const bool single = dtype == "float32";
      trajectory =
          std::make_unique<Trajectory>(rule, single ? DType::float32 : DType::float64, slope);
      ++cases[rule];
    } else if (word == "group") {
      std::string names;
      line >> names;
      trajectory->add_group(names, read_settings(line));
    } else if (word == "at") {
      int t = 0;
      line >> t;
      std::vector<double> expected;
      for (double x; line >> x;) expected.push_back(x);
      const double deviation = trajectory->deviation(t, expected);
      INFO(name << " at step " << t);
      CHECK(deviation <= trajectory->tolerance());
      at_100 += t == 100;
    }
  }
  int all = 0;
  for (const auto& [rule, count] : cases) all += count;
  CHECK(cases.size() == 7);
  CHECK(at_100 == all);
}

}  // namespace plumb::test
