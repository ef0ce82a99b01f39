#include <cmath>

#include "parameters.hpp"

namespace plumb::test {
namespace {

// A struct of options with a field of every kind, as a rule of one's own would have it.
struct Sample {
  double rate = 0.5;
  std::int64_t wait = 3;
  bool loud = false;

  static const optim::Fields<Sample>& fields() {
    static const optim::Fields<Sample> all = {"Sample",
                                              {{"rate", &Sample::rate, optim::closed(0, 1)},
                                               {"wait", &Sample::wait, optim::at_least(1)},
                                               {"loud", &Sample::loud}},
                                              check_together};
    return all;
  }
  static void check_together(const Sample& sample) {
    if (sample.loud && sample.wait > 10) errors::fail("Sample", "loud and slow");
  }
};

std::string refusal(const optim::Settings& changes) {
  return error_of([&] { optim::validate(optim::with(Sample(), changes)); });
}

}  // namespace

TEST_CASE("fields: options are listed and printed in order") {
  CHECK(to_string(optim::settings_of(Sample())) == "rate=0.5, wait=3, loud=false");
}

TEST_CASE("fields: options are set one by one, the others stay") {
  const Sample sample = optim::with(Sample(), {{"loud", true}, {"wait", 7}});
  CHECK(sample.rate == 0.5);
  CHECK(sample.wait == 7);
  CHECK(sample.loud);
  CHECK(optim::with(Sample(), {{"rate", 1}}).rate == 1);  // an integer is a number
}

TEST_CASE("fields: unknown names and values of another kind are refused") {
  CHECK(refusal({{"rat", 0.1}}) == "[Sample] no option named 'rat'; there are rate, wait, loud");
  CHECK(refusal({{"rate", true}}) == "[Sample] rate must be a number, got true");
  CHECK(refusal({{"rate", "0.1"}}) == "[Sample] rate must be a number, got 0.1");
  CHECK(refusal({{"wait", 2.5}}) == "[Sample] wait must be an integer, got 2.5");
  CHECK(refusal({{"loud", 1}}) == "[Sample] loud must be true or false, got 1");
}

TEST_CASE("fields: the ends of a range") {
  CHECK(refusal({{"rate", 0.0}, {"wait", 1}}) == "");
  CHECK(refusal({{"rate", 1.0}}) == "");
  CHECK(refusal({{"rate", std::nextafter(1.0, 2.0)}}) ==
        "[Sample] rate must be in [0, 1], got 1.0000000000000002");
  CHECK(refusal({{"rate", -1e-300}}) == "[Sample] rate must be in [0, 1], got -1e-300");
  CHECK(refusal({{"rate", std::nan("")}}) == "[Sample] rate must be in [0, 1], got nan");
  CHECK(refusal({{"wait", 0}}) == "[Sample] wait must be in [1, inf), got 0");
}

TEST_CASE("fields: what contradicts is refused after the ranges") {
  CHECK(refusal({{"wait", 11}}) == "");
  CHECK(refusal({{"wait", 11}, {"loud", true}}) == "[Sample] loud and slow");
}

}  // namespace plumb::test
