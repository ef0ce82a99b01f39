// A probabilistic grammar that can be read a word at a time: how it draws, reads and what it is worth.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "../../../core/runtime/random.hpp"

namespace plumb::data::detail {

// A context-free grammar with a probability for each rule. Which rule a symbol takes is always told by
// the next word (LL(1)), so each sentence has one derivation, and its probability is the product of
// the rules'.
class SentenceGrammar {
 public:
  // Symbols below 0 are words, ~symbol their number; the others are places of `symbols`.
  using Symbol = int;
  struct Rule {
    double probability;
    std::vector<Symbol> symbols;
  };

  // Adds a symbol without rules. The first is where sentences begin.
  Symbol add();
  Symbol word(const std::string& letters);
  // A symbol that is one of the words, separated by spaces, the first the most frequent: 1/2, 1/3, ...
  // as frequent as the others, made to add up to 1.
  Symbol one_of(const std::string& words);
  void set_rules(Symbol symbol, std::vector<Rule> rules);

  // A sentence: words joined by spaces, a full stop and a line end.
  std::string draw(Generator& random) const;

  // Nats and letters of a sentence, on average.
  struct Mean {
    double nats, letters;
  };
  Mean mean() const;

  // Reads the sentence at the beginning of the text. Returns its length, 0 where there is none, and
  // adds the logarithm of its probability.
  std::size_t read(std::string_view text, double& log_probability) const;

 private:
  const Rule& draw_rule(Symbol symbol, Generator& random) const;
  // The rule that a sentence takes whose next word this is; null where there is none.
  const Rule* find_rule(Symbol symbol, std::string_view next) const;
  bool begins(const Rule& rule, std::string_view next) const;

  std::vector<std::vector<Rule>> symbols_;
  std::vector<std::string> words_;
};

}  // namespace plumb::data::detail
