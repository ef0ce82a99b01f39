#include "arguments.hpp"

#include <CLI/CLI.hpp>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <exception>
#include <iostream>

namespace arguments {

namespace {

std::string without_minus(const std::string& text) {
  return text.substr(text.rfind('-', 0) == 0 ? 1 : 0);
}

}  // namespace

Option Option::whole_number(std::int64_t low, std::int64_t high) {
  const std::string range = "[" + std::to_string(low) + ", " + std::to_string(high) + "]";
  option_->check(CLI::Validator(
      [=](std::string& text) -> std::string {
        const std::string digits = without_minus(text);
        const bool decimal = !digits.empty() &&
                             digits.find_first_not_of("0123456789") == std::string::npos &&
                             (digits == "0" || digits[0] != '0');
        errno = 0;
        const long long value = decimal ? std::strtoll(text.c_str(), nullptr, 10) : 0;
        if (!decimal || errno == ERANGE || value < low || value > high)
          return "expected a whole number in " + range + ", got '" + text + "'";
        return {};
      },
      "in " + range, "whole number"));
  return *this;
}

Option Option::real_number(double low, double high, High end) {
  const std::string range = "[" + CLI::detail::to_string(low) + ", " +
                            CLI::detail::to_string(high) + (end == High::included ? "]" : ")");
  option_->check(CLI::Validator(
      [=](std::string& text) -> std::string {
        const std::string digits = without_minus(text);
        char* stop = nullptr;
        errno = 0;
        const double value = std::strtod(text.c_str(), &stop);
        const bool vanished = value == 0 && errno == ERANGE;
        const bool decimal = !digits.empty() && *stop == '\0' &&
                             digits.find_first_not_of("0123456789.eE+-") == std::string::npos &&
                             !(digits.size() > 1 && digits[0] == '0' && std::isdigit(digits[1]));
        const bool inside = value >= low && (end == High::included ? value <= high : value < high);
        if (!decimal || vanished || !inside)
          return "expected a number in " + range + ", got '" + text + "'";
        return {};
      },
      "in " + range, "number"));
  return *this;
}

Option Option::not_empty() {
  option_->check(CLI::Validator(
      [](std::string& text) -> std::string { return text.empty() ? "the name is empty" : ""; }, "",
      "not empty"));
  return *this;
}

Option Option::one_of(const std::vector<std::string>& words) {
  option_->check(CLI::IsMember(words));
  return *this;
}

Option Option::required() {
  option_->required();
  return *this;
}

Option Option::needs(Option other) {
  option_->needs(other.option_);
  return *this;
}

Option Option::excludes(Option other) {
  option_->excludes(other.option_);
  return *this;
}

Option Option::delimiter(char between) {
  option_->delimiter(between);
  return *this;
}

Option Option::named_each_time() {
  option_->expected(1)->take_all();
  return *this;
}

Option Option::not_in_manifests() {
  option_->configurable(false);
  return *this;
}

Option Option::hidden() {
  option_->group("");
  return *this;
}

App::App(const char* description, const char* program)
    : app_(std::make_unique<CLI::App>(description, program)) {
  app_->option_defaults()->always_capture_default();
}

App::~App() = default;

Option App::add_option(const char* name, std::string& value, const char* help) {
  return Option(app_->add_option(name, value, help));
}

Option App::add_option(const char* name, std::int64_t& value, const char* help) {
  return Option(app_->add_option(name, value, help));
}

Option App::add_option(const char* name, double& value, const char* help) {
  return Option(app_->add_option(name, value, help));
}

Option App::add_option(const char* name, std::optional<double>& value, const char* help) {
  const auto set = [&value](const double& read) { value = read; };
  return Option(app_->add_option_function<double>(name, set, help));
}

Option App::add_option(const char* name, std::vector<std::string>& values, const char* help) {
  return Option(app_->add_option(name, values, help));
}

Option App::add_option(const char* name, std::vector<std::int64_t>& values, const char* help) {
  return Option(app_->add_option(name, values, help));
}

Option App::add_flag(const char* name, bool& value, const char* help) {
  return Option(app_->add_flag(name, value, help));
}

void App::add_version(const char* name, const std::function<std::string()>& version,
                      const char* help) {
  app_->set_version_flag(name, version, help);
}

void App::add_manifest(const char* name, const char* help) {
  app_->set_config(name, "", help)->configurable(false);
  app_->allow_config_extras(CLI::config_extras_mode::error);
}

bool App::given(const char* name) const { return app_->count(name) > 0; }

int App::parse(int argc, char** argv, const std::function<void()>& check) {
  try {
    app_->parse(argc, argv);
    if (check) check();
    return -1;
  } catch (const CLI::CallForHelp&) {
    std::cout << app_->help();
    return std::cout.flush() ? 0 : 1;
  } catch (const CLI::CallForVersion& version) {
    std::cout << version.what() << '\n';
    return std::cout.flush() ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << app_->get_name() << ": " << error.what() << "\n\n" << app_->help();
    return 2;
  }
}

std::string value_of(int argc, char** argv, const std::string& name, const std::string& otherwise) {
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == name && i + 1 < argc) return argv[i + 1];
    if (argument.rfind(name + "=", 0) == 0) return argument.substr(name.size() + 1);
  }
  return otherwise;
}

}  // namespace arguments
