#include "sentence_grammar.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace plumb::data::detail {

SentenceGrammar::Symbol SentenceGrammar::add() {
  symbols_.emplace_back();
  return static_cast<Symbol>(symbols_.size()) - 1;
}

SentenceGrammar::Symbol SentenceGrammar::word(const std::string& letters) {
  words_.push_back(letters);
  return ~(static_cast<Symbol>(words_.size()) - 1);
}

SentenceGrammar::Symbol SentenceGrammar::one_of(const std::string& words) {
  std::vector<Rule> rules;
  double sum = 0;
  for (std::size_t begin = 0; begin < words.size();) {
    const std::size_t end = std::min(words.find(' ', begin), words.size());
    const double weight = 1.0 / static_cast<double>(rules.size() + 2);
    rules.push_back({weight, {word(words.substr(begin, end - begin))}});
    sum += weight;
    begin = end + 1;
  }
  for (Rule& rule : rules) rule.probability /= sum;
  const Symbol symbol = add();
  set_rules(symbol, std::move(rules));
  return symbol;
}

void SentenceGrammar::set_rules(Symbol symbol, std::vector<Rule> rules) {
  symbols_[static_cast<std::size_t>(symbol)] = std::move(rules);
}

const SentenceGrammar::Rule& SentenceGrammar::draw_rule(Symbol symbol, Generator& random) const {
  const std::vector<Rule>& rules = symbols_[static_cast<std::size_t>(symbol)];
  if (rules.size() == 1) return rules[0];
  double left = random.uniform();
  for (const Rule& rule : rules) {
    if (left < rule.probability) return rule;
    left -= rule.probability;
  }
  return rules.back();  // rounding
}

std::string SentenceGrammar::draw(Generator& random) const {
  std::string sentence;
  for (std::vector<Symbol> stack = {0}; !stack.empty();) {
    const Symbol symbol = stack.back();
    stack.pop_back();
    if (symbol < 0) {
      if (!sentence.empty()) sentence += ' ';
      sentence += words_[static_cast<std::size_t>(~symbol)];
    } else {
      const Rule& rule = draw_rule(symbol, random);
      stack.insert(stack.end(), rule.symbols.rbegin(), rule.symbols.rend());
    }
  }
  return sentence + ".\n";
}

// For every symbol: nats = sum over its rules of p (-log p + nats of the rule's symbols), and letters
// likewise. A symbol makes fewer than one of its own kind on average, so that repeating this
// converges; each round multiplies the error by less than 1/2.
SentenceGrammar::Mean SentenceGrammar::mean() const {
  std::vector<Mean> means(symbols_.size(), Mean{0, 0});
  constexpr int rounds = 500;
  for (int round = 0; round < rounds; ++round)
    for (std::size_t i = symbols_.size(); i-- > 0;) {
      Mean mean{0, 0};
      for (const Rule& rule : symbols_[i]) {
        Mean sum{-std::log(rule.probability), 0};
        for (const Symbol symbol : rule.symbols) {
          if (symbol < 0) {  // and a space or the full stop behind it
            sum.letters +=
                static_cast<double>(words_[static_cast<std::size_t>(~symbol)].size() + 1);
          } else {
            sum.nats += means[static_cast<std::size_t>(symbol)].nats;
            sum.letters += means[static_cast<std::size_t>(symbol)].letters;
          }
        }
        mean.nats += rule.probability * sum.nats;
        mean.letters += rule.probability * sum.letters;
      }
      means[i] = mean;
    }
  return {means[0].nats, means[0].letters + 1};  // the line end
}

bool SentenceGrammar::begins(const Rule& rule, std::string_view next) const {
  if (rule.symbols.empty()) return false;
  const Symbol first = rule.symbols[0];
  if (first < 0) return words_[static_cast<std::size_t>(~first)] == next;
  const std::vector<Rule>& rules = symbols_[static_cast<std::size_t>(first)];
  for (const Rule& of_first : rules) {
    if (begins(of_first, next)) return true;
    if (of_first.symbols.empty() &&
        begins({1, {rule.symbols.begin() + 1, rule.symbols.end()}}, next))
      return true;
  }
  return false;
}

const SentenceGrammar::Rule* SentenceGrammar::find_rule(Symbol symbol,
                                                        std::string_view next) const {
  const Rule* empty = nullptr;
  for (const Rule& rule : symbols_[static_cast<std::size_t>(symbol)]) {
    if (begins(rule, next)) return &rule;
    if (rule.symbols.empty()) empty = &rule;
  }
  return empty;
}

std::size_t SentenceGrammar::read(std::string_view text, double& log_probability) const {
  std::size_t at = 0;
  const auto next = [&] {
    return text.substr(at, std::min(text.find_first_of(" .\n", at), text.size()) - at);
  };
  double sum = 0;
  for (std::vector<Symbol> stack = {0}; !stack.empty();) {
    const Symbol symbol = stack.back();
    stack.pop_back();
    if (symbol >= 0) {
      const Rule* rule = find_rule(symbol, next());
      if (rule == nullptr) return 0;
      sum += std::log(rule->probability);
      stack.insert(stack.end(), rule->symbols.rbegin(), rule->symbols.rend());
      continue;
    }
    const std::string& word = words_[static_cast<std::size_t>(~symbol)];
    if (next() != word) return 0;
    at += word.size();
    if (at < text.size() && text[at] == ' ') ++at;
  }
  if (at == 0 || text[at - 1] == ' ' || text.substr(at, 2) != ".\n") return 0;
  log_probability += sum;
  return at + 2;
}

}  // namespace plumb::data::detail
