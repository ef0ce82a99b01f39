// XXH3 (64 bit): the checksum of what is saved. Against accidents, not against malice.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

namespace plumb::detail {

class Checksum {
 public:
  Checksum();
  ~Checksum();

  void add(const void* bytes, std::size_t count);
  // 16 hexadecimal digits, of all bytes added so far.
  std::string hexadecimal() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace plumb::detail
