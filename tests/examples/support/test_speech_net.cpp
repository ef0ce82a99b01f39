#include <doctest/doctest.h>

#include <cmath>
#include <plumb/core/tensor/hash.hpp>
#include <plumb/examples/support/speech_net.hpp>
#include <plumb/plumb.hpp>

#include "../../support/compare.hpp"
#include "../../support/random.hpp"

using namespace plumb;

namespace {

SpeechNet make_net() {
  Generator generator(1);
  SpeechNet net(40, 10, generator, Generator(1, Stream::dropout));
  // Statistics that are not those of a new net.
  net(test::normal({4, 30, 40}, DType::float32));
  net.eval();
  return net;
}

}  // namespace

TEST_CASE("SpeechNet: a clip has the same scores alone and in a batch, whatever stands behind it") {
  const NoGrad no_grad;
  SpeechNet net = make_net();
  const Tensor x = test::normal({3, 37, 40}, DType::float32, 3);
  const Tensor lengths = Tensor::from<std::int64_t>({37, 1, 22});
  const Tensor scores = net(x, lengths).value();
  CHECK(scores.shape() == Shape{3, 10});
  for (std::int64_t i = 0; i < 3; ++i) {
    const std::int64_t own = lengths.data<std::int64_t>()[i];
    const Tensor alone = x.rows(i, i + 1).reshape({37, 40}).rows(0, own).reshape({1, own, 40});
    CHECK(test::deviation(net(alone).value(), scores.rows(i, i + 1)) < 1e-5);
  }
  Tensor other = x.clone();
  for (std::int64_t t = 22; t < 37; ++t)
    for (std::int64_t b = 0; b < 40; ++b)
      other.mutable_data<float>()[(2 * 37 + t) * 40 + b] = 100.f * static_cast<float>(t - b);
  CHECK(hash(net(other, lengths).value()) == hash(scores));
}

TEST_CASE("SpeechNet: lengths of 0 give scores, and no gradient that is not a number") {
  SpeechNet net = make_net();
  const Tensor lengths = Tensor::from<std::int64_t>({0, 5});
  const Variable scores = net(test::normal({2, 5, 40}, DType::float32), lengths);
  sum(scores).backward();
  for (const Parameter& parameter : net.parameters()) {
    const Tensor gradient = parameter.variable.grad();
    bool finite = true;
    for (const float value : gradient.to_vector<float>()) finite = finite && std::isfinite(value);
    CHECK_MESSAGE(finite, parameter.name);
  }
}
