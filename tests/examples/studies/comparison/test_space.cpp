#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <plumb/examples/studies/comparison/space.hpp>
#include <set>

#include "../../../support/errors.hpp"

namespace plumb::test {
namespace {

using namespace comparison;

}  // namespace

TEST_CASE("space: places between the ends, on three scales") {
  const Dimension lr{"lr", 1e-3, 10, Scale::logarithmic};
  CHECK(lr.at(0) == 1e-3);
  CHECK(lr.at(0.5) == 0.1);
  const Dimension momentum{"momentum", 0.9, 0.99, Scale::from_one};
  CHECK(momentum.at(0.5) == doctest::Approx(1 - 0.0316).epsilon(1e-12));
  const Dimension share{"warm_up", 0, 0.2, Scale::linear};
  CHECK(share.at(0.25) == 0.05);
  const Dimension word{"schedule", 0, 1, Scale::linear, {"constant", "cosine"}};
  CHECK(word.text(word.at(0.49)) == "constant");
  CHECK(word.text(word.at(0.5)) == "cosine");
  CHECK(word.range() == "constant|cosine");
  CHECK(lr.range() == "0.001..10");
  CHECK(lr.text(0.1) == "0.1");
}

TEST_CASE("space: the scale follows from the name") {
  CHECK(scale_of("beta2", 0.9, 0.999) == Scale::from_one);
  CHECK(scale_of("adamw_beta2", 0.9, 0.999) == Scale::from_one);
  CHECK(scale_of("weight_decay", 1e-4, 0.1) == Scale::logarithmic);
  CHECK(scale_of("weight_decay", 0, 0.1) == Scale::linear);
  CHECK(scale_of("warm_up", 0.1, 0.2) == Scale::linear);
  CHECK(scale_of("alpha", 0, 8) == Scale::linear);  // AdEMAMix's is no momentum
}

TEST_CASE("space: points cover the cube evenly") {
  Generator random(7);
  for (const std::int64_t count : {1, 5, 16, 64}) {
    CAPTURE(count);
    const auto points = even_points(count, 4, random);
    REQUIRE(points.size() == static_cast<std::size_t>(count));
    for (std::size_t d = 0; d < 4; ++d) {
      CAPTURE(d);
      std::vector<double> places;
      for (const auto& point : points) {
        CHECK(point[d] >= 0);
        CHECK(point[d] < 1);
        places.push_back(point[d]);
      }
      std::sort(places.begin(), places.end());
      double gap = places.front() + 1 - places.back();  // round the end, as they are shifted
      for (std::size_t i = 1; i < places.size(); ++i)
        gap = std::max(gap, places[i] - places[i - 1]);
      // Random places leave a gap of about log(n) / n.
      CHECK(gap <= (d == 0 ? 1.0001 : 3.5) / static_cast<double>(count));
    }
  }
  // In each pair of axes 64 points meet most of the 4 x 4 boxes; 16 random ones would miss six.
  const auto points = even_points(64, 4, random);
  for (std::size_t d = 1; d < 4; ++d) {
    std::set<int> boxes;
    for (const auto& point : points)
      boxes.insert(4 * static_cast<int>(4 * point[0]) + static_cast<int>(4 * point[d]));
    CHECK(boxes.size() == 16);
  }
  CHECK(contains(error_of([&] { even_points(2, 99, random); }), "[even_points] takes at most"));
}

}  // namespace plumb::test
