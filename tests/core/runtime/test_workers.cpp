#include <doctest/doctest.h>

#include <plumb/core/runtime/internal/workers.hpp>
#include <vector>

using plumb::detail::Workers;

TEST_CASE("Workers: every chunk once, with fewer chunks than threads and with very many threads") {
  // Its own, and never destroyed: so many threads are not to wait on the loops of other tests.
  static Workers& workers = *new Workers;
  for (const std::int64_t chunks : {2, 69, 1000}) {
    std::vector<int> seen(static_cast<std::size_t>(chunks), 0);
    const bool ran = workers.run(
        chunks, 70,
        [](void* context, std::int64_t chunk) {
          ++(*static_cast<std::vector<int>*>(context))[static_cast<std::size_t>(chunk)];
        },
        &seen);
    CHECK(ran);
    CHECK(seen == std::vector<int>(static_cast<std::size_t>(chunks), 1));
  }
}
