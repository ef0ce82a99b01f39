// Networks that predict the next character of a text, and write one.
#pragma once

#include <memory>
#include <plumb/data/text/vocabulary.hpp>
#include <plumb/nn.hpp>
#include <plumb/optim.hpp>
#include <string>
#include <vector>

#include "carried_state.hpp"

/// What a network remembers of the texts before, a row for each; empty at their beginning.
using TextState = CarriedState::Rows;

/// Ids [n, steps] -> logits [n, steps, characters] of the character behind each.
class TextNet : public plumb::nn::Layer {
 public:
  /// As a text that begins here.
  plumb::Variable forward(const plumb::Variable& ids) override {
    TextState beginning;
    return next(ids.value(), beginning);
  }
  /// As a text that goes on behind what `state` remembers; the state moves to the end of ids.
  /// No gradient goes back into it.
  virtual plumb::Variable next(const plumb::Tensor& ids, TextState& state) = 0;
};

struct TextNetOptions {
  std::int64_t characters = 0;
  std::int64_t width = 128;
  std::int64_t layers = 4;
  std::int64_t heads = 4;    ///< Of gpt.
  std::int64_t window = 64;  ///< Of gpt: the most steps that it sees.
  double dropout = 0;
};

/// "lstm": embedding, LSTM layers, a Linear layer. "gpt": token and position embeddings, causal
/// transformer layers that normalize before each part, a head that shares the weight of the token
/// embedding; all matrices normal with deviation 0.02.
std::unique_ptr<TextNet> make_text_net(const std::string& model, const TextNetOptions& options,
                                       plumb::Generator& generator);

/// Parameters with two axes and more, whose weights decay, and the others.
std::vector<plumb::optim::ParameterGroup> decay_groups(const plumb::nn::Module& model);

/// The prompt, and `characters` more, each drawn from softmax(logits / temperature).
std::string write_text(TextNet& net, const plumb::data::Vocabulary& vocabulary,
                       const std::string& prompt, std::int64_t characters, double temperature,
                       plumb::Generator& generator);
/// Prints what the network writes at the temperatures 0.5, 0.8 and 1.
void print_texts(TextNet& net, const plumb::data::Vocabulary& vocabulary, const std::string& prompt,
                 std::int64_t characters, std::int64_t seed);
