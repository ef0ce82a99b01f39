#include "optimizer_spec.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <plumb/core/runtime/error.hpp>
#include <utility>
#include <vector>

#include "../../support/format.hpp"
#include "rule_list.hpp"

namespace comparison {
namespace {

using plumb::errors::fail;

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : text)
    if (c == separator)
      parts.emplace_back();
    else
      parts.back() += c;
  return parts;
}

double number(const std::string& name, const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !std::isfinite(value) ||
      text.find_first_not_of("0123456789.eE+-") != std::string::npos)
    fail("optimizer", name, " must be a number, got '", text, "'");
  return value;
}

// The text as a value of the option's own type.
struct Reader {
  const std::string& name;
  const std::string& text;

  template <class Options>
  optim::OptionValue operator()(bool Options::*) const {
    if (text == "1" || text == "true") return true;
    if (text == "0" || text == "false") return false;
    fail("optimizer", name, " must be 0, 1, false or true, got '", text, "'");
  }
  template <class Options>
  optim::OptionValue operator()(double Options::*) const {
    return number(name, text);
  }
  template <class Options>
  optim::OptionValue operator()(std::int64_t Options::*) const {
    const double value = number(name, text);
    if (value != std::floor(value) || std::abs(value) > 1e15)
      fail("optimizer", name, " must be a whole number, got '", text, "'");
    return static_cast<std::int64_t>(value);
  }
};

template <class Options>
optim::OptionValue read_value(const std::string& name, const std::string& text) {
  std::string known;
  for (const optim::Field<Options>& field : Options::fields().list) {
    if (name == field.name) return std::visit(Reader{name, text}, field.member);
    known += (known.empty() ? "" : ", ") + std::string(field.name);
  }
  fail(Options::fields().owner, "no option named '", name, "'; there are ", known);
}

// To six digits: 1 and not 0.9999999999999998.
double to_six_digits(double value) { return std::strtod(format("%.6g", value).c_str(), nullptr); }

// What one may write, and what is searched unless told otherwise.
const std::vector<std::string> schedules = {"constant", "cosine", "linear"};
const std::vector<std::string> usual_schedules = {"constant", "cosine"};

// "LOW..HIGH"; a single number is both.
std::pair<double, double> ends(const std::string& name, const std::string& value) {
  const std::size_t dots = value.find("..");
  const double low = number(name, value.substr(0, dots));
  const double high = dots == std::string::npos ? low : number(name, value.substr(dots + 2));
  if (!(low <= high)) fail("optimizer", name, " must be LOW..HIGH, got '", value, "'");
  return {low, high};
}

bool is_range(const std::string& value) { return value.find("..") != std::string::npos; }

Dimension dimension(const std::string& name, double low, double high) {
  return {name, low, high, scale_of(name, low, high)};
}

template <class Options>
Dimension read_dimension(const std::string& name, const std::string& value) {
  read_value<Options>(name, "1");  // refuses an unknown name
  if (optim::number_named<Options>(name) == nullptr)
    fail("optimizer", name, " is no number that can be searched, got '", value, "'");
  const auto [low, high] = ends(name, value);
  return dimension(name, low, high);
}

struct Written {
  std::string name, value;
};

// The parts of "momentum=0.9,nesterov=1".
std::vector<Written> parts_of(const std::string& rule, const std::string& options) {
  std::vector<Written> all;
  for (const std::string& part :
       options.empty() ? std::vector<std::string>() : split(options, ',')) {
    const std::size_t equals = part.find('=');
    if (equals == std::string::npos)
      fail("optimizer", "expected NAME=VALUE after '", rule, ":', got '", part, "'");
    all.push_back({part.substr(0, equals), part.substr(equals + 1)});
    for (std::size_t i = 0; i + 1 < all.size(); ++i)
      if (all[i].name == all.back().name) fail("optimizer", all.back().name, " is given twice");
  }
  return all;
}

bool of_course(const std::string& name) { return name == "warm_up" || name == "schedule"; }

}  // namespace

optim::Curve Course::curve(std::int64_t steps) const {
  const auto up = static_cast<std::int64_t>(std::llround(warm_up * static_cast<double>(steps)));
  const std::int64_t rest = std::max<std::int64_t>(steps - up, 1);
  const optim::Curve then = schedule == "cosine"   ? optim::curve::cosine(rest)
                            : schedule == "linear" ? optim::curve::linear(rest)
                                                   : optim::curve::constant();
  // The first step already moves.
  return up > 0 ? optim::curve::warm_up(up, then, 1 / static_cast<double>(up)) : then;
}

template <class R>
void OptimizerSpec::read(const std::string& options, Search search) {
  using Options = typename R::Options;
  title_ = title_of<R>();
  optim::Settings low, high;  // of what is searched, its ends
  std::string lr;
  bool has_dampening = false;
  const std::vector<Written> written = parts_of(name_of<R>(), options);
  for (const auto& [name, value] : written) {
    has_dampening = has_dampening || name == "dampening";
    if (name == "lr") {
      lr = value;
    } else if (of_course(name)) {
      read_course(name, value);
    } else if (is_range(value)) {
      space_.push_back(read_dimension<Options>(name, value));
      low.push_back({name, space_.back().low});
      high.push_back({name, space_.back().high});
    } else {
      low.push_back({name, read_value<Options>(name, value)});
      high.push_back(low.back());
    }
  }
  if (search == Search::space) {
    std::vector<Dimension> usual = usual_space<Options>();
    usual.push_back(dimension("warm_up", 0, 0.2));
    if (is_scheduled<Options>) usual.push_back({"schedule", 0, 1, Scale::linear, usual_schedules});
    for (const Dimension& each : usual)
      if (std::none_of(written.begin(), written.end(),
                       [&](const Written& w) { return w.name == each.name; }))
        space_.push_back(each);
  }
  const auto all_of = [has_dampening](const optim::Settings& changes, Options start) {
    Options all = optim::with(start, changes);
    complete(all, has_dampening);
    optim::validate(all);
    return all;
  };
  const Options start = all_of(low, {});
  all_of(high, {});
  read_lr(lr, to_six_digits(usual_limit(start) / growth(start)));
  for (optim::Setting& setting : optim::settings_of(start))
    if (setting.name != "lr") settings_.push_back(std::move(setting));
  rule_.make = [=](plumb::nn::Module& model, const optim::Settings& changes) {
    return make_rule<R>(model, all_of(changes, start));
  };
  rule_.growth = [=](const optim::Settings& changes) { return growth(all_of(changes, start)); };
}

void OptimizerSpec::read_lr(const std::string& value, double highest) {
  const auto [low, high] =
      value.empty() ? std::pair(to_six_digits(highest / 1e4), highest) : ends("lr", value);
  if (!(low > 0)) fail("optimizer", "lr must be positive, or LOW..HIGH, got '", value, "'");
  lr_ = low;
  if (low < high) space_.insert(space_.begin(), dimension("lr", low, high));
}

void OptimizerSpec::read_course(const std::string& name, const std::string& value) {
  if (name == "warm_up") {
    const auto [low, high] = ends(name, value);
    if (!(low >= 0 && high < 1)) fail("optimizer", "warm_up must be in [0, 1), got '", value, "'");
    course_.warm_up = low;
    if (low < high) space_.push_back(dimension(name, low, high));
    return;
  }
  const std::vector<std::string> chosen = split(value, '|');
  for (const std::string& each : chosen)
    if (std::find(schedules.begin(), schedules.end(), each) == schedules.end())
      fail("optimizer",
           "schedule must be constant, cosine or linear, or several as constant|cosine, got '",
           value, "'");
  course_.schedule = chosen.front();
  if (chosen.size() > 1)
    space_.push_back({name, 0, static_cast<double>(chosen.size() - 1), Scale::linear, chosen});
}

OptimizerSpec OptimizerSpec::parse(const std::string& text, Search search) {
  OptimizerSpec spec;
  const std::size_t at = text.find('@');
  spec.label_ = text.substr(0, at);
  const std::string body = at == std::string::npos ? text : text.substr(at + 1);
  const std::size_t colon = body.find(':');
  const std::string rule = body.substr(0, colon);
  const std::string options = colon == std::string::npos ? "" : body.substr(colon + 1);
  if (spec.label_.empty() || spec.label_.find_first_of("\"\\'<>&\n") != std::string::npos)
    fail("optimizer", "'", text, "' has no label that can be printed");
  bool found = false;
  std::string known;
  for_each(Rules(), [&](auto tag) {
    using Rule = typename decltype(tag)::Rule;
    const std::string name = name_of<Rule>();
    known += (known.empty() ? "" : ", ") + name;
    if (name != rule) return;
    found = true;
    spec.read<Rule>(options, search);
  });
  if (!found) fail("optimizer", "no rule named '", rule, "'; there are ", known);
  return spec;
}

std::string OptimizerSpec::description() const {
  std::string out = title_ + " ";
  optim::Settings fixed;
  for (const optim::Setting& setting : settings_)
    if (std::none_of(space_.begin(), space_.end(),
                     [&](const Dimension& d) { return d.name == setting.name; }))
      fixed.push_back(setting);
  out += optim::to_string(fixed);
  for (std::size_t i = 0; i < space_.size(); ++i)
    out += (i == 0 ? "; " : ", ") + space_[i].name + " in " + space_[i].range();
  if (space_.empty() || space_.front().name != "lr") out += plumb::errors::text("; lr ", lr_);
  return out;
}

std::vector<Configuration> OptimizerSpec::trials(std::int64_t count,
                                                 plumb::Generator& random) const {
  if (!searched()) return {{lr_}};
  std::vector<Configuration> all;
  for (const std::vector<double>& point : even_points(count, space_.size(), random)) {
    Configuration configuration{lr_};
    for (std::size_t i = 0; i < point.size(); ++i)
      if (space_[i].name == "lr")
        configuration.lr = space_[i].at(point[i]);
      else
        configuration.others.push_back(space_[i].at(point[i]));
    all.push_back(configuration);
  }
  return all;
}

// The values of the space without lr, each with its dimension.
template <class F>
void OptimizerSpec::for_others(const Configuration& configuration, F f) const {
  auto value = configuration.others.begin();
  for (const Dimension& dimension : space_)
    if (dimension.name != "lr") f(dimension, *value++);
}

std::string OptimizerSpec::text(const Configuration& configuration) const {
  std::string out = format("lr=%.6g", configuration.lr);
  for_others(configuration, [&](const Dimension& dimension, double value) {
    out += ", " + dimension.name + "=" + dimension.text(value);
  });
  return out;
}

Course OptimizerSpec::course(const Configuration& configuration) const {
  Course course = course_;
  for_others(configuration, [&](const Dimension& dimension, double value) {
    if (dimension.name == "warm_up") course.warm_up = value;
    if (dimension.name == "schedule") course.schedule = dimension.text(value);
  });
  return course;
}

optim::Settings OptimizerSpec::settings(const Configuration& configuration) const {
  optim::Settings changes = {{"lr", configuration.lr}};
  for_others(configuration, [&](const Dimension& dimension, double value) {
    if (!of_course(dimension.name)) changes.push_back({dimension.name, value});
  });
  return changes;
}

double OptimizerSpec::effective_lr(const Configuration& configuration) const {
  return configuration.lr * rule_.growth(settings(configuration));
}

std::unique_ptr<optim::Optimizer> OptimizerSpec::make(plumb::nn::Module& model,
                                                      const Configuration& configuration) const {
  return rule_.make(model, settings(configuration));
}

}  // namespace comparison
