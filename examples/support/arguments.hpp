// The command line of a program: its options, what they take, and the exit code of bad ones. CLI11 reads it, and
// is compiled once, in arguments.cpp.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace arguments {

/// Whether the end of a range belongs to it.
enum class High { included, excluded };

/// An option of an App, as long as that lives. Each call returns it, so that calls follow one another.
class Option {
 public:
  explicit Option(CLI::Option* option) : option_(option) {}

  /// Takes a decimal whole number in [low, high]: no sign but a minus, no leading zeros (CLI11 would read
  /// "010" as octal, and "-5" as 2^64 - 5 into an unsigned type).
  Option whole_number(std::int64_t low, std::int64_t high);
  /// Takes a finite decimal number in [low, high], or in [low, high) where `end` says so. Not one that rounds to
  /// 0, as 1e-400 does.
  Option real_number(double low, double high, High end = High::included);
  /// Takes a name of a file or folder.
  Option not_empty();
  /// Takes one of these words.
  Option one_of(const std::vector<std::string>& words);

  /// It is an error to leave it out, ...
  Option required();
  /// ... to have it without the other, ...
  Option needs(Option other);
  /// ... or with the other.
  Option excludes(Option other);

  /// Several values may stand in one word: "1,2,3" are three.
  Option delimiter(char between);
  /// Several values need the name before each.
  Option named_each_time();
  /// A manifest cannot set it.
  Option not_in_manifests();
  /// The help leaves it out.
  Option hidden();

 private:
  CLI::Option* option_;  // the App's
};

/// The command line. What options set must live until it has been parsed; the help shows the values they have when
/// they are added as defaults.
class App {
 public:
  App(const char* description, const char* program);
  ~App();

  /// `name` is "--name", or "name" for words that stand on the command line without one.
  Option add_option(const char* name, std::string& value, const char* help = "");
  Option add_option(const char* name, std::int64_t& value, const char* help = "");
  Option add_option(const char* name, double& value, const char* help = "");
  Option add_option(const char* name, std::optional<double>& value, const char* help = "");
  Option add_option(const char* name, std::vector<std::string>& values, const char* help = "");
  Option add_option(const char* name, std::vector<std::int64_t>& values, const char* help = "");
  Option add_flag(const char* name, bool& value, const char* help = "");
  /// Prints what `version` returns, and ends.
  void add_version(const char* name, const std::function<std::string()>& version, const char* help);
  /// Takes a file with lines NAME=VALUE that set other options. One that sets none is an error.
  void add_manifest(const char* name, const char* help);

  /// After parse(), or in its `check`: whether the command line or a manifest has the option.
  bool given(const char* name) const;

  /// Parses, then calls `check`, which throws where arguments contradict one another. Returns the
  /// exit code where the program is to end now (0 after --help and --version, 2 after an error, whose
  /// usage goes to stderr), otherwise -1.
  int parse(int argc, char** argv, const std::function<void()>& check = {});

 private:
  std::unique_ptr<CLI::App> app_;
};

/// What follows `name` on the command line, or behind `name=`; `otherwise` where it is not there.
/// For an option that decides on the defaults of others and is needed before these are declared.
std::string value_of(int argc, char** argv, const std::string& name, const std::string& otherwise);

}  // namespace arguments
