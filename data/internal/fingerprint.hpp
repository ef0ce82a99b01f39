// A number that tells lists of numbers apart, for the descriptions of samplers.
#pragma once

#include <cstdint>
#include <cstring>

namespace plumb::data::detail {

// FNV-1a (Fowler, Noll, Vo) over eight bytes at a time, with a last mixing.
class Fingerprint {
 public:
  void add(std::int64_t value) {
    hash_ = (hash_ ^ static_cast<std::uint64_t>(value)) * 0x100000001b3u;
    hash_ ^= hash_ >> 29;
  }
  void add(double value) {
    std::int64_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    add(bits);
  }
  std::uint64_t value() const { return hash_; }

 private:
  std::uint64_t hash_ = 0xcbf29ce484222325u;
};

}  // namespace plumb::data::detail
