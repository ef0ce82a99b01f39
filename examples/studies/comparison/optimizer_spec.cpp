#include "optimizer_spec.hpp"

#include <cctype>
#include <cmath>
#include <cstdlib>
#include <plumb/core/runtime/error.hpp>
#include <utility>
#include <vector>

#include "../../support/format.hpp"

namespace comparison {
namespace {

using plumb::errors::fail;
namespace optim = plumb::optim;

// The rules that have a name on the command line: that of their errors, in small letters.
template <class... Rule>
struct RuleList {};
template <class R>
struct RuleTag {
  using Rule = R;
};
using Rules =
    RuleList<optim::SGD, optim::Adam, optim::AdamW, optim::RMSprop, optim::Adagrad, optim::Lion,
             optim::NAdam, optim::NAdamW, optim::RAdam, optim::AdEMAMix, optim::LAMB, optim::LARS,
             optim::ScheduleFreeSGD, optim::ScheduleFreeAdamW, optim::Prodigy>;

template <class Rule>
std::string name_of() {
  std::string name = Rule::Options::fields().owner;
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return name;
}

template <class... Rule, class F>
void for_each(RuleList<Rule...>, F f) {
  (f(RuleTag<Rule>()), ...);
}

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

// How much a constant gradient's steps grow in the end.
double growth(const optim::SGDOptions& options) {
  return options.momentum == 0 ? 1 : (1 - options.dampening) / (1 - options.momentum);
}
double growth(const optim::LARSOptions& options) {
  return options.debias ? 1 : 1 / (1 - options.momentum);
}
double growth(const optim::RMSpropOptions& options) { return 1 / (1 - options.momentum); }
template <class Options>
double growth(const Options&) {
  return 1;
}

// The largest learning rate of the search, before growth.
double usual_limit(const optim::SGDOptions&) { return 10; }
double usual_limit(const optim::AdagradOptions&) { return 1; }
double usual_limit(const optim::LionOptions&) { return 0.01; }
double usual_limit(const optim::LARSOptions&) { return 1000; }
double usual_limit(const optim::ScheduleFreeSGDOptions&) { return 10; }
double usual_limit(const optim::ProdigyOptions&) { return 100; }
template <class Options>
double usual_limit(const Options&) {
  return 0.1;
}

// To six digits: 1 and not 0.9999999999999998.
double to_six_digits(double value) { return std::strtod(format("%.6g", value).c_str(), nullptr); }

void complete(optim::SGDOptions& options, bool has_dampening) {
  if (options.debias && !has_dampening) options.dampening = options.momentum;
}
template <class Options>
void complete(Options&, bool) {}

}  // namespace

template <class Rule>
void OptimizerSpec::read(const std::string& rule, const std::string& options) {
  using Options = typename Rule::Options;
  rule_ = Options::fields().owner;
  optim::Settings changes;
  std::string lr;
  bool has_dampening = false;
  for (const std::string& part :
       options.empty() ? std::vector<std::string>() : split(options, ',')) {
    const std::size_t equals = part.find('=');
    if (equals == std::string::npos)
      fail("optimizer", "expected NAME=VALUE after '", rule, ":', got '", part, "'");
    const std::string name = part.substr(0, equals), value = part.substr(equals + 1);
    for (const optim::Setting& earlier : changes)
      if (earlier.name == name) fail("optimizer", name, " is given twice");
    has_dampening = has_dampening || name == "dampening";
    if (name == "lr")
      lr = value;
    else
      changes.push_back({name, read_value<Options>(name, value)});
  }
  Options all = optim::with(Options(), changes);
  complete(all, has_dampening);
  optim::validate(all);
  factor_ = growth(all);
  lr_high_ = to_six_digits(usual_limit(all) / factor_);
  lr_low_ = to_six_digits(lr_high_ / 1e4);
  if (!lr.empty()) read_lr(lr);
  for (optim::Setting& setting : optim::settings_of(all))
    if (setting.name != "lr") settings_.push_back(std::move(setting));
  make_ = [](const plumb::Parameters& parameters, const optim::Settings& settings) {
    return std::make_unique<Rule>(parameters, optim::with(Options(), settings));
  };
}

void OptimizerSpec::read_lr(const std::string& value) {
  const std::size_t dots = value.find("..");
  lr_low_ = number("lr", value.substr(0, dots));
  lr_high_ = dots == std::string::npos ? lr_low_ : number("lr", value.substr(dots + 2));
  if (!(lr_low_ > 0 && lr_low_ <= lr_high_))
    fail("optimizer", "lr must be positive, or LOW..HIGH, got '", value, "'");
}

OptimizerSpec OptimizerSpec::parse(const std::string& text) {
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
    spec.read<Rule>(rule, options);
  });
  if (!found) fail("optimizer", "no rule named '", rule, "'; there are ", known);
  return spec;
}

std::string OptimizerSpec::description() const { return rule_ + " " + optim::to_string(settings_); }

double OptimizerSpec::effective_lr(double lr) const { return lr * factor_; }

std::unique_ptr<optim::Optimizer> OptimizerSpec::make(const plumb::Parameters& parameters,
                                                      double lr) const {
  optim::Settings all = settings_;
  all.push_back({"lr", lr});
  return make_(parameters, all);
}

}  // namespace comparison
