#include <doctest/doctest.h>

#include "../support/temporary_folder.hpp"
#include "../support/threads.hpp"
#include "run.hpp"

using namespace plumb;
using test::Run;

TEST_CASE("Checkpoint: a run resumed after any step goes on bit for bit, whatever the threads") {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/run", end = folder.path() + "/end";
  constexpr std::int64_t steps = 17;  // more than three epochs of five
  {
    const test::Threads threads(1);
    Run whole(0);
    whole.train(steps);
    whole.checkpoint.save(end);
  }
  const std::string expected = test::read_file(end);

  for (std::int64_t stop = 0; stop < steps; ++stop) {
    CAPTURE(stop);
    {
      const test::Threads threads(1 + static_cast<int>(stop % 2));
      Run first(static_cast<int>(stop % 3));
      first.train(stop);
      first.checkpoint.save(path);
    }
    const test::Threads threads(2 - static_cast<int>(stop % 2));
    Run second(static_cast<int>((stop + 1) % 3));
    second.train(3);  // what was there before is overruled
    second.checkpoint.load(path);
    CHECK(second.step == stop);
    second.train(steps);
    second.checkpoint.save(end);
    CHECK(test::read_file(end) == expected);
  }
}
