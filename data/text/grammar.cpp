#include "grammar.hpp"

#include <cstddef>

#include "../../core/runtime/floating_point.hpp"
#include "../../core/runtime/internal/fail.hpp"
#include "internal/sentence_grammar.hpp"
#include "internal/utf8.hpp"

namespace plumb::data {
namespace {

using detail::SentenceGrammar;

// A sentence takes far fewer blocks of random numbers.
constexpr int block_bits = 16;
constexpr std::int64_t most = std::int64_t{1} << 47;

// The words of one number, singular or plural. Lists share no word, so that each tells what it is.
struct Words {
  const char* articles;
  const char* nouns;
  const char* sleeps;  // verbs without an object
  const char* sees;    // and with one
};

// noun: article adjectives noun relative;  phrase: sleeps adverb | sees object.
struct Phrases {
  SentenceGrammar::Symbol noun, phrase, sees;
};

Phrases add_phrases(SentenceGrammar& grammar, const Words& words,
                    SentenceGrammar::Symbol adjectives, SentenceGrammar::Symbol relative,
                    SentenceGrammar::Symbol object, SentenceGrammar::Symbol adverb) {
  Phrases phrases{};
  phrases.noun = grammar.add();
  grammar.set_rules(
      phrases.noun,
      {{1, {grammar.one_of(words.articles), adjectives, grammar.one_of(words.nouns), relative}}});
  phrases.sees = grammar.one_of(words.sees);
  phrases.phrase = grammar.add();
  grammar.set_rules(phrases.phrase, {{0.45, {grammar.one_of(words.sleeps), adverb}},
                                     {0.55, {phrases.sees, object}}});
  return phrases;
}

SentenceGrammar make_grammar() {
  SentenceGrammar grammar;
  const auto sentence = grammar.add(), adjectives = grammar.add(), relative = grammar.add(),
             clause = grammar.add(), object = grammar.add(), adverb = grammar.add();
  const Phrases one =
      add_phrases(grammar,
                  {"a this every each one", "dog cat bird child man woman horse mouse king farmer",
                   "sleeps runs sings waits jumps", "sees likes hears follows finds chases"},
                  adjectives, relative, object, adverb);
  const Phrases many = add_phrases(
      grammar,
      {"some all these two many", "dogs cats birds children men women horses mice kings farmers",
       "sleep run sing wait jump", "see like hear follow find chase"},
      adjectives, relative, object, adverb);
  grammar.set_rules(sentence, {{0.55, {one.noun, one.phrase}}, {0.45, {many.noun, many.phrase}}});
  grammar.set_rules(
      adjectives,
      {{0.7, {}}, {0.3, {grammar.one_of("small old big young quick white lazy"), adjectives}}});
  grammar.set_rules(relative, {{0.75, {}}, {0.25, {grammar.word("that"), clause}}});
  grammar.set_rules(clause, {{0.5, {one.noun, one.sees}}, {0.5, {many.noun, many.sees}}});
  grammar.set_rules(object, {{0.5, {one.noun}}, {0.5, {many.noun}}});
  grammar.set_rules(adverb, {{0.6, {}}, {0.4, {grammar.one_of("here today often there quietly")}}});
  return grammar;
}

const SentenceGrammar& grammar() {
  static const SentenceGrammar& made = *new SentenceGrammar(make_grammar());
  return made;
}

}  // namespace

std::string draw_sentences(std::int64_t count, const GrammarOptions& options) {
  constexpr const char* operation = "draw_sentences";
  const plumb::detail::FloatingPointMode mode;
  if (count < 0) fail(operation, "count must not be negative, got ", count);
  if (options.first_index < 0)
    fail(operation, "first_index must not be negative, got ", options.first_index);
  if (options.first_index > most || count > most - options.first_index)
    fail(operation, "indices must stay below 2^47, got ", count, " from ", options.first_index);
  std::string text;
  for (std::int64_t i = 0; i < count; ++i) {
    Generator random(options.seed, Stream::data);
    random.set_position(static_cast<std::uint64_t>(options.first_index + i) << block_bits);
    text += grammar().draw(random);
  }
  return text;
}

double grammar_entropy() {
  const plumb::detail::FloatingPointMode mode;
  const SentenceGrammar::Mean mean = grammar().mean();
  return mean.nats / mean.letters;
}

double grammar_loss(std::string_view text) {
  constexpr const char* operation = "grammar_loss";
  const plumb::detail::FloatingPointMode mode;
  if (text.empty()) fail(operation, "there is no text");
  double log_probability = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = grammar().read(text.substr(at), log_probability);
    if (length == 0)
      fail(operation, "no sentence of the grammar begins at ", detail::place_of(text, at));
    at += length;
  }
  return -log_probability / static_cast<double>(text.size());
}

}  // namespace plumb::data
