// Vocabularies of any text, as characters and as bytes, and states of vocabularies.
#include <plumb/data/text/vocabulary.hpp>

#include "input.hpp"

using namespace plumb;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t count) {
  const std::string text(reinterpret_cast<const char*>(input), count);
  for (const data::TextUnit unit : {data::TextUnit::character, data::TextUnit::byte}) {
    fuzz::refuse_or_load("Vocabulary", [&] {
      const data::Vocabulary vocabulary(text, unit);
      fuzz::require(vocabulary.decode(vocabulary.encode(text)) == text);
      data::Vocabulary again;
      again.load_state_dict(vocabulary.state_dict());
      fuzz::require(again == vocabulary);
      const data::TextParts parts = data::split_text(text, 0.5, unit);
      fuzz::require(parts.train + parts.validation == text);
      static_cast<void>(vocabulary.encode(parts.train));
    });
  }
  return 0;
}
