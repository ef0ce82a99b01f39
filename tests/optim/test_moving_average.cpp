#include <cmath>

#include "parameters.hpp"

namespace plumb::test {
namespace {

using optim::MovingAverage;
using optim::TensorMovingAverage;

// Deterministic values in [-1, 1).
double value_at(int i) { return std::fmod(i * 0.6180339887498949, 1.0) * 2 - 1; }

// The mean of x1 ... xn, where xi has the weight (1 - bi) b(i+1) ... bn, summed in long double.
double weighted_mean(const std::vector<double>& betas) {
  long double sum = 0;
  long double weights = 0;
  long double behind = 1;  // product of the later betas
  for (std::size_t i = betas.size(); i-- > 0;) {
    const long double weight = (1 - static_cast<long double>(betas[i])) * behind;
    sum += weight * value_at(static_cast<int>(i));
    weights += weight;
    behind *= betas[i];
  }
  return static_cast<double>(sum / weights);
}

double debiased_average(const std::vector<double>& betas) {
  auto average = MovingAverage::debiased(0);
  for (std::size_t i = 0; i < betas.size(); ++i) {
    average.set_beta(betas[i]);
    average.add(value_at(static_cast<int>(i)));
  }
  return average.value();
}

}  // namespace

TEST_CASE("MovingAverage: simple is the mean of all values so far") {
  auto average = MovingAverage::simple();
  average.add(4);
  CHECK(average.value() == 4);
  average.add(6);
  CHECK(average.value() == 5);
  average.add(-1);
  CHECK(average.value() == 3);
  CHECK(average.count() == 3);
}

TEST_CASE("MovingAverage: exponential begins at zero") {
  auto average = MovingAverage::exponential(0.75);
  average.add(8);
  CHECK(average.value() == 2);  // 0.25 * 8
  average.add(-4);
  CHECK(average.value() == 0.5);  // 0.75 * 2 - 0.25 * 4
}

TEST_CASE("MovingAverage: debiased divides what is read, not the state") {
  auto average = MovingAverage::debiased(0.75);
  average.add(8);
  CHECK(average.value() == 8);  // 2 / 0.25
  CHECK(average.value() == 8);
  average.add(-4);
  CHECK(average.value() == doctest::Approx(0.5 / 0.4375).epsilon(1e-15));  // 1 - 0.75^2
}

TEST_CASE("MovingAverage: debiased equals the closed form to 1e-12 up to beta 0.9999") {
  for (const double beta : {0.0, 0.5, 0.9, 0.99, 0.999, 0.9999}) {
    for (const std::size_t n : {1u, 2u, 3u, 10u, 100u, 10000u}) {
      INFO("beta " << beta << ", n " << n);
      const std::vector<double> betas(n, beta);
      CHECK(std::abs(debiased_average(betas) - weighted_mean(betas)) < 1e-12);
    }
  }
}

TEST_CASE("MovingAverage: debiased stays a mean when beta changes on the way") {
  std::vector<double> betas;
  for (int i = 0; i < 3000; ++i)
    betas.push_back(i < 5 ? 0.9999 : i < 100 ? 0.3 + 0.006 * i : i == 1000 ? 0.5 : 0.9999);
  for (const std::size_t n : {1u, 4u, 6u, 50u, 100u, 1000u, 1002u, 3000u}) {
    INFO("n " << n);
    const std::vector<double> first(betas.begin(), betas.begin() + static_cast<std::ptrdiff_t>(n));
    CHECK(std::abs(debiased_average(first) - weighted_mean(first)) < 1e-12);
  }
}

TEST_CASE("total_weight: is 1 - beta^t to the last digits") {
  for (const double beta : {0.9, 0.99, 0.9999}) {
    double weight = 0;
    for (int t = 1; t <= 1000; ++t) {
      weight = optim::total_weight(weight, beta);
      const double exact = -std::expm1(t * std::log(beta));
      REQUIRE(std::abs(weight - exact) < 1e-14 * exact + 1e-16 * t * beta);
    }
  }
}

TEST_CASE("MovingAverage: a tensor's average is the scalar one of each element") {
  for (const char* kind : {"simple", "exponential", "debiased"}) {
    const std::string name = kind;
    const auto make = [&](auto of) {
      using Average = decltype(of);
      return name == "simple"        ? Average::simple()
             : name == "exponential" ? Average::exponential(0.9)
                                     : Average::debiased(0.9);
    };
    auto tensors = make(TensorMovingAverage::simple());
    auto first = make(MovingAverage::simple());
    auto second = make(MovingAverage::simple());
    for (int i = 0; i < 20; ++i) {
      tensors.add(Tensor::from({value_at(i), 3 * value_at(i + 7)}));
      first.add(value_at(i));
      second.add(3 * value_at(i + 7));
      const Tensor average = tensors.value();
      CHECK(average.at({0}) == doctest::Approx(first.value()).epsilon(1e-14));
      CHECK(average.at({1}) == doctest::Approx(second.value()).epsilon(1e-14));
    }
  }
}

TEST_CASE("MovingAverage: float32 tensors keep the weight in double") {
  auto average = TensorMovingAverage::debiased(0.9999);
  average.add(Tensor::from({0.1f, -3.0f}));
  CHECK(average.value().dtype() == DType::float32);
  CHECK(average.value().at({0}) == doctest::Approx(0.1f).epsilon(2e-7));
  CHECK(average.value().at({1}) == doctest::Approx(-3.0f).epsilon(2e-7));
}

TEST_CASE("MovingAverage: the value read is a copy and the value added is not kept") {
  auto average = TensorMovingAverage::simple();
  Tensor x = Tensor::from({1.0, 2.0});
  average.add(x);
  x.fill(100);
  const Tensor read = average.value();
  average.add(Tensor::from({3.0, 4.0}));
  CHECK(read.to_vector<double>() == std::vector<double>{1, 2});
  CHECK(average.value().to_vector<double>() == std::vector<double>{2, 3});
}

TEST_CASE("MovingAverage: refuses by name") {
  CHECK(error_of([] { MovingAverage::debiased(1); }) ==
        "[MovingAverage] beta must be in [0, 1), got 1");
  CHECK(error_of([] { MovingAverage::exponential(-0.1); }) ==
        "[MovingAverage] beta must be in [0, 1), got -0.1");
  CHECK(error_of([] { MovingAverage::exponential(std::nan("")); }) ==
        "[MovingAverage] beta must be in [0, 1), got nan");
  auto debiased = MovingAverage::debiased(0.5);
  CHECK(error_of([&] { debiased.set_beta(2); }) == "[MovingAverage] beta must be in [0, 1), got 2");
  CHECK(debiased.beta() == 0.5);
  CHECK(error_of([&] { debiased.value(); }) == "[MovingAverage] there is no value yet");
  auto simple = MovingAverage::simple();
  CHECK(error_of([&] { simple.set_beta(0.5); }) == "[MovingAverage] a simple average has no beta");

  auto tensors = TensorMovingAverage::debiased(0.5);
  CHECK(error_of([&] { tensors.add(Tensor()); }) == "[MovingAverage] the tensor is undefined");
  CHECK(error_of([&] { tensors.add(Tensor::arange(2)); }) ==
        "[MovingAverage] expected float32 or float64, got int64");
  tensors.add(Tensor::from({1.0, 2.0}));
  CHECK(error_of([&] {
          tensors.add(Tensor::from({1.0f, 2.0f}));
        }) == "[MovingAverage] expected [2] of float64, got [2] of float32");
  CHECK(error_of([&] { tensors.add(Tensor::from({1.0})); }) ==
        "[MovingAverage] expected [2] of float64, got [1] of float64");
  CHECK(tensors.count() == 1);
  CHECK(tensors.value().to_vector<double>() == std::vector<double>{1, 2});
}

TEST_CASE("MovingAverage: goes on bit for bit after a round trip") {
  for (const int stop : {0, 1, 5}) {
    auto straight = TensorMovingAverage::debiased(0.9);
    auto before = TensorMovingAverage::debiased(0.9);
    auto after = TensorMovingAverage::debiased(0.1);
    const auto add = [](TensorMovingAverage& to, int i) {
      to.add(Tensor::from({value_at(i), value_at(3 * i + 1)}));
    };
    for (int i = 0; i < 10; ++i) add(straight, i);
    for (int i = 0; i < stop; ++i) add(before, i);
    after.load_state_dict(before.state_dict());
    for (int i = stop; i < 10; ++i) add(after, i);
    CHECK(same_state(straight.state_dict(), after.state_dict()));
    if (stop > 0) CHECK(before.count() == stop);
  }
}

TEST_CASE("MovingAverage: what it has loaded stays as it was when more is added") {
  auto saved = TensorMovingAverage::exponential(0.5);
  saved.add(Tensor::from({8.0}));
  const StateDict state = saved.state_dict();
  auto loaded = TensorMovingAverage::exponential(0.5);
  loaded.load_state_dict(state);
  loaded.add(Tensor::from({8.0}));
  CHECK(loaded.value().item() == 6);
  CHECK(state.tensor("average").item() == 4);
  CHECK(saved.value().item() == 4);
}

TEST_CASE("MovingAverage: refuses a state that does not fit and keeps its own") {
  auto average = MovingAverage::debiased(0.9);
  average.add(1);
  const StateDict before = average.state_dict();
  CHECK(error_of([&] { average.load_state_dict(MovingAverage::simple().state_dict()); }) ==
        "[MovingAverage] the state is of a simple average, this one is debiased");
  StateDict changed = before;
  changed.set("beta", 1.5);
  CHECK(error_of([&] { average.load_state_dict(changed); }) ==
        "[MovingAverage] beta must be in [0, 1), got 1.5");
  changed = before;
  changed.set("weight", 2.0);
  CHECK(error_of([&] { average.load_state_dict(changed); }) ==
        "[MovingAverage] count 1 and weight 2 are not those of an average");
  CHECK(error_of([&] { average.load_state_dict(StateDict()); }) ==
        "[StateDict] no scalar named 'averaging'");
  CHECK(average.state_dict().scalars() == before.scalars());

  auto tensors = TensorMovingAverage::simple();
  tensors.add(Tensor::from({1.0, 2.0}));
  auto others = TensorMovingAverage::simple();
  others.add(Tensor::from({1.0, 2.0, 3.0}));
  CHECK(error_of([&] { tensors.load_state_dict(others.state_dict()); }) ==
        "[MovingAverage] expected [2] of float64, got [3] of float64");
  CHECK(tensors.value().to_vector<double>() == std::vector<double>{1, 2});
}

}  // namespace plumb::test
