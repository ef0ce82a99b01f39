// Checks of command-line numbers that are stricter than CLI11's own, and the exit code of bad ones.
#pragma once

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>

namespace arguments {

/// A decimal whole number in [low, high]: no sign but a minus, no leading zeros (CLI11 would read
/// "010" as octal, and "-5" as 2^64 - 5 into an unsigned type).
inline CLI::Validator whole_number(std::int64_t low, std::int64_t high) {
  const std::string range = "[" + std::to_string(low) + ", " + std::to_string(high) + "]";
  return CLI::Validator(
      [=](std::string& text) -> std::string {
        const std::string digits = text.substr(text.rfind('-', 0) == 0 ? 1 : 0);
        const bool decimal = !digits.empty() &&
                             digits.find_first_not_of("0123456789") == std::string::npos &&
                             (digits == "0" || digits[0] != '0');
        errno = 0;
        const long long value = decimal ? std::strtoll(text.c_str(), nullptr, 10) : 0;
        if (!decimal || errno == ERANGE || value < low || value > high)
          return "expected a whole number in " + range + ", got '" + text + "'";
        return {};
      },
      "in " + range, "whole number");
}

/// A name of a file or folder.
inline CLI::Validator not_empty() {
  return CLI::Validator(
      [](std::string& text) -> std::string { return text.empty() ? "the name is empty" : ""; }, "",
      "not empty");
}

/// A finite decimal number in [low, high], or in [low, high) where `open` says so. Not one that
/// rounds to 0, as 1e-400 does.
enum class High { included, excluded };
inline CLI::Validator real_number(double low, double high, High end = High::included) {
  const std::string range = "[" + CLI::detail::to_string(low) + ", " +
                            CLI::detail::to_string(high) + (end == High::included ? "]" : ")");
  return CLI::Validator(
      [=](std::string& text) -> std::string {
        const std::string digits = text.substr(text.rfind('-', 0) == 0 ? 1 : 0);
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
      "in " + range, "number");
}

/// What follows `name` on the command line, or behind `name=`; `otherwise` where it is not there.
/// For an option that decides on the defaults of others and is needed before these are declared.
inline std::string value_of(int argc, char** argv, const std::string& name,
                            const std::string& otherwise) {
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == name && i + 1 < argc) return argv[i + 1];
    if (argument.rfind(name + "=", 0) == 0) return argument.substr(name.size() + 1);
  }
  return otherwise;
}

/// Parses, then calls `check`, which throws where arguments contradict one another. Returns the
/// exit code where the program is to end now (0 after --help and --version, 2 after an error, whose
/// usage goes to stderr), otherwise -1.
template <class Check>
int parse(CLI::App& app, int argc, char** argv, Check check) {
  try {
    app.parse(argc, argv);
    check();
    return -1;
  } catch (const CLI::CallForHelp&) {
    std::cout << app.help();
    return std::cout.flush() ? 0 : 1;
  } catch (const CLI::CallForVersion& version) {
    std::cout << version.what() << '\n';
    return std::cout.flush() ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << app.get_name() << ": " << error.what() << "\n\n" << app.help();
    return 2;
  }
}

}  // namespace arguments
