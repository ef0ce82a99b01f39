#include "checksum.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace plumb::detail {

struct Checksum::State {
  XXH3_state_t hash;
};

Checksum::Checksum() : state_(std::make_unique<State>()) { XXH3_64bits_reset(&state_->hash); }

Checksum::~Checksum() = default;

void Checksum::add(const void* bytes, std::size_t count) {
  XXH3_64bits_update(&state_->hash, bytes, count);
}

std::string Checksum::hexadecimal() const {
  constexpr const char* digits = "0123456789abcdef";
  XXH64_hash_t value = XXH3_64bits_digest(&state_->hash);
  std::string out(16, '0');
  for (std::size_t i = out.size(); i-- > 0; value >>= 4) out[i] = digits[value & 15];
  return out;
}

}  // namespace plumb::detail
