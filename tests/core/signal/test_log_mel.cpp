#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <plumb/core/signal/log_mel.hpp>
#include <plumb/core/tensor/hash.hpp>
#include <plumb/core/tensor/operators.hpp>
#include <sstream>
#include <vector>

#include "../../support/compare.hpp"
#include "../../support/errors.hpp"
#include "../../support/random.hpp"
#include "../../support/threads.hpp"

using namespace plumb;
using namespace plumb::test;

namespace {

struct Case {
  LogMelOptions options;
  Tensor x, y;
};

Tensor read_tensor(std::istream& line) {
  std::string shape;
  line >> shape;
  Shape sizes;
  std::istringstream inside(shape.substr(1));
  for (std::int64_t size; inside >> size; inside.get()) sizes.push_back(size);
  std::vector<double> values;
  for (double value; line >> value;) values.push_back(value);
  return Tensor::from(values, sizes);
}

// The cases of tests/reference/log_mel.txt, which SciPy has computed.
std::vector<Case> reference() {
  std::ifstream file(PLUMB_SOURCE_DIR "/tests/reference/log_mel.txt");
  std::vector<Case> cases;
  for (std::string text; std::getline(file, text);) {
    std::istringstream line(text);
    std::string name;
    line >> name;
    if (name == "case") {
      LogMelOptions& o = cases.emplace_back().options;
      line >> o.rate >> o.fft >> o.window >> o.hop >> o.bands >> o.low >> o.high >> o.cepstra;
    } else {
      (name == "x" ? cases.back().x : cases.back().y) = read_tensor(line);
    }
  }
  return cases;
}

std::string refusal(LogMelOptions options) {
  return error_of([&] { LogMel mel(options); });
}

}  // namespace

TEST_CASE("LogMel: SciPy's stft and dct, in both precisions") {
  const std::vector<Case> cases = reference();
  REQUIRE(cases.size() == 5);
  for (const Case& c : cases) {
    const LogMel mel(c.options);
    CAPTURE(c.x.shape());
    CHECK(mel.frames(c.x.numel()) == c.y.dim(0));
    CHECK(mel.features() == c.y.dim(1));
    CHECK(deviation(mel(c.x), c.y) < 1e-12);
    CHECK(deviation(mel(c.x.to(DType::float32)).to(DType::float64), c.y) < 2e-5);
  }
}

TEST_CASE("LogMel: a tone is loudest in the band around it, by the square of its height") {
  LogMelOptions options;
  const LogMel mel(options);
  const auto tone = [](double hertz, double height) {
    Tensor x = Tensor::empty({200}, DType::float64);
    for (int i = 0; i < 200; ++i)
      x.mutable_data<double>()[i] = height * std::sin(2 * 3.14159265358979 * hertz * i / 8000);
    return x;
  };
  const double widest = 2595 * std::log10(1 + 4000 / 700.0) / 41;  // mel between two corners
  for (const double hertz : {300.0, 1000.0, 3000.0}) {
    const std::vector<double> bands = mel(tone(hertz, 1)).to_vector<double>();
    const auto loudest = std::max_element(bands.begin(), bands.end()) - bands.begin();
    CHECK(std::abs(2595 * std::log10(1 + hertz / 700) - widest * static_cast<double>(loudest + 1)) <
          widest);
    const Tensor twice = mel(tone(hertz, 2));
    CHECK(twice.data<double>()[loudest] - bands[loudest] == doctest::Approx(std::log(4)));
  }
}

TEST_CASE("LogMel: frames, none of nothing, silence") {
  const LogMel mel;
  CHECK(mel.frames(0) == 0);
  CHECK(mel.frames(1) == 1);
  CHECK(mel.frames(200) == 1);
  CHECK(mel.frames(201) == 2);
  CHECK(mel.frames(280) == 2);
  CHECK(mel.frames(281) == 3);
  CHECK(mel(Tensor::zeros({0})).shape() == Shape{0, 40});
  const Tensor silent = mel(Tensor::zeros({300}));
  CHECK(silent.shape() == Shape{3, 40});
  CHECK(hash(silent.rows(1, 2).reshape({40})) == hash(mel.silence()));
  CHECK(mel.silence(DType::float64).at({39}) == doctest::Approx(std::log(1e-6)).epsilon(1e-12));
}

TEST_CASE("LogMel: the same bits for any number of threads") {
  const LogMel mel;
  const Tensor x = normal({200'000}, DType::float32);
  std::uint64_t bits[3];
  for (const int threads : {1, 2, 3}) {
    const Threads with(threads);
    bits[threads - 1] = hash(mel(x));
  }
  CHECK(bits[0] == bits[1]);
  CHECK(bits[0] == bits[2]);
}

TEST_CASE("LogMel: options out of range and other inputs are named") {
  LogMelOptions o;
  const auto with = [&](auto change) {
    LogMelOptions changed = o;
    change(changed);
    return refusal(changed);
  };
  CHECK(with([](auto& c) { c.rate = 0; }) == "[LogMel] rate must be at least 1, got 0");
  CHECK(with([](auto& c) { c.hop = 0; }) == "[LogMel] hop must be at least 1, got 0");
  CHECK(with([](auto& c) { c.bands = 0; }) == "[LogMel] bands must be at least 1, got 0");
  CHECK(with([](auto& c) { c.window = 0; }) == "[LogMel] window must be in [1, 65536], got 0");
  CHECK(with([](auto& c) { c.fft = 199; }) ==
        "[LogMel] fft must be in [window, 65536] = [200, 65536], got 199");
  CHECK(with([](auto& c) { c.bands = 257; }) ==
        "[LogMel] bands must be at most fft = 256, got 257");
  CHECK(with([](auto& c) { c.low = 4000; }) == "[LogMel] low must be in [0, 4000) Hz, got 4000");
  CHECK(with([](auto& c) { c.low = NAN; }) == "[LogMel] low must be in [0, 4000) Hz, got nan");
  CHECK(with([](auto& c) { c.high = 4001; }) ==
        "[LogMel] high must be in (low, rate / 2] = (0, 4000] Hz, got 4001");
  CHECK(with([](auto& c) { c.floor = 0; }) == "[LogMel] floor must be positive and finite, got 0");
  CHECK(with([](auto& c) { c.cepstra = 41; }) ==
        "[LogMel] cepstra must be in [0, bands] = [0, 40], got 41");
  CHECK(contains(with([](auto& c) { c.bands = 100; }),
                 "holds no point of a spectrum of 256 points; take fewer bands or a larger fft"));
  const LogMel mel;
  CHECK(error_of([&] {
          mel(Tensor::zeros({2, 300}));
        }) == "[LogMel] expected samples [n], got [2, 300]");
  CHECK(error_of([&] { mel(Tensor::zeros({300}, DType::int64)); }) ==
        "[LogMel] expected float32 or float64, got int64");
}
