#include <doctest/doctest.h>

#include <plumb/core/io/internal/checksum.hpp>
#include <string>

using plumb::detail::Checksum;

TEST_CASE("Checksum: XXH3 64, whatever the pieces") {
  CHECK(Checksum().hexadecimal() == "2d06800538d394c2");  // that of nothing, as xxhsum -H3 has it
  const std::string bytes(100'000, 'x');
  Checksum whole, pieces;
  whole.add(bytes.data(), bytes.size());
  for (std::size_t at = 0; at < bytes.size(); at += 1000) pieces.add(bytes.data() + at, 1000);
  CHECK(whole.hexadecimal() == pieces.hexadecimal());
  Checksum other;
  other.add(bytes.data(), bytes.size() - 1);
  CHECK(other.hexadecimal() != whole.hexadecimal());
}
