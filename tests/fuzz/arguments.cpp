// The command line of the examples: every number that is taken is in its range and is what the text
// says. The input's lines are the arguments.
#include <cmath>
#include <iostream>
#include <sstream>
#include <string>
#include <support/arguments.hpp>
#include <vector>

#include "input.hpp"

using namespace plumb;

namespace {

struct Values {
  std::int64_t count = 1;
  double rate = 0;
  bool flag = false;
  std::string name = "a";
};

int parse(const std::vector<std::string>& lines, Values& values) {
  arguments::App app("Fuzzed.", "fuzz");
  app.add_option("--count", values.count, "a number").whole_number(1, 1000);
  const arguments::Option rate =
      app.add_option("--rate", values.rate, "a rate").real_number(0, 1, arguments::High::excluded);
  app.add_flag("--flag", values.flag, "a flag").needs(rate);
  app.add_option("--name", values.name, "a choice").one_of({"a", "b"});
  std::vector<std::string> words = {"fuzz"};
  words.insert(words.end(), lines.begin(), lines.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  return app.parse(static_cast<int>(pointers.size()), pointers.data());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t count) {
  static std::ostringstream discarded;
  std::cout.rdbuf(discarded.rdbuf());
  std::cerr.rdbuf(discarded.rdbuf());
  discarded.str("");

  std::vector<std::string> lines;
  std::istringstream text(std::string(reinterpret_cast<const char*>(input), count));
  for (std::string line; std::getline(text, line);) lines.push_back(line.c_str());
  Values values;
  const int code = parse(lines, values);
  fuzz::require(code == -1 || code == 0 || code == 2);
  if (code != -1) return 0;
  fuzz::require(values.count >= 1 && values.count <= 1000);
  fuzz::require(values.rate >= 0 && values.rate < 1);
  fuzz::require(values.name == "a" || values.name == "b");
  return 0;
}
