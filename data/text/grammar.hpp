// Text made on the spot by a small grammar: a language task that needs no download, and whose best
// result is known.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace plumb::data {

/// Which sentences are made. Each is a pure function of seed and index: the same on every machine, for
/// any count.
struct GrammarOptions {
  std::uint64_t seed = 0;
  /// Index of the first sentence. Texts whose ranges of indices do not overlap are independent.
  std::int64_t first_index = 0;
};

/// `count` sentences, a line each, of 38 characters on average and 28 different ones:
///
///     this small dog sees some birds that every cat likes.
///
/// Nouns have adjectives and relative clauses, these nest, and each verb agrees with its noun across
/// all that stands between. Throws for a negative count or index, and indices from 2^47 on.
std::string draw_sentences(std::int64_t count, const GrammarOptions& options = {});

/// The entropy of such text in nats a character, exactly: that of a sentence by its mean length. No
/// model's loss on a long text stays below it.
double grammar_entropy();

/// The loss in nats a character of the grammar itself on whole sentences: what a model that knew it
/// would reach on this very text, its first character included. Throws for text that the grammar does
/// not make, with the place, and for none.
double grammar_loss(std::string_view text);

}  // namespace plumb::data
