#include <doctest/doctest.h>

#include <atomic>
#include <cfenv>
#include <chrono>
#include <cmath>
#include <functional>
#include <optional>
#include <plumb/plumb.hpp>
#include <thread>

#include "../../support/subnormals.hpp"
#include "../../support/threads.hpp"

using namespace plumb;

using test::SubnormalsKept;
using test::Threads;

#if defined(__x86_64__)

namespace {

constexpr unsigned denormals_are_zero = 0x40, flush_to_zero = 0x8000;
constexpr unsigned downwards = 0x2000, upwards = 0x4000, to_zero = 0x6000;
constexpr unsigned all_masks = 0x1f80, raised = 0x3f;

// The calling thread's own mode for the length of a scope.
class Mode {
 public:
  explicit Mode(unsigned bits) : before_(__builtin_ia32_stmxcsr()) { __builtin_ia32_ldmxcsr(bits); }
  ~Mode() { __builtin_ia32_ldmxcsr(before_); }

 private:
  unsigned before_;
};

// Two steps of a small net, whose loops are short, or of a wider one.
std::uint64_t training(std::int64_t batch) {
  Generator generator(1);
  nn::Sequential model{nn::Conv2d(1, 8, 3, generator, {1, 1}),
                       nn::BatchNorm2d(8),
                       nn::GELU(),
                       nn::Flatten(),
                       nn::Linear(8 * 8 * 8, 24, generator),
                       nn::Tanh(),
                       nn::Linear(24, 10, generator)};
  optim::Adam optimizer(model.parameters());
  Tensor x = Tensor::empty({batch, 1, 8, 8});
  generator.fill_normal(x, 0.1, 1e-3);
  std::uint64_t bits = hash(x);
  for (int step = 0; step < 2; ++step) {
    const Variable loss = nn::cross_entropy(model(x), Tensor::zeros({batch}, DType::int64));
    optimizer.zero_grad();
    loss.backward();
    optim::clip_grad_norm(model.parameters(), 1e-3);
    optimizer.step();
    bits = hash(loss.value(), bits);
  }
  for (const Parameter& parameter : model.parameters())
    bits = hash(parameter.variable.value(), bits);
  return bits;
}

// What is computed outside of operations; a part of the numbers is denormal.
std::uint64_t tensors(std::int64_t n) {
  Generator generator(2);
  Tensor a = Tensor::empty({n}, DType::float64), b = Tensor::empty({n});
  generator.fill_normal(a, 0, 1e-38);
  generator.fill_uniform(b, 0.1, 0.7);
  const Tensor x = a.to(DType::float32);
  optim::BasicMovingAverage<Tensor> average = optim::BasicMovingAverage<Tensor>::debiased(0.9);
  average.add(x * b);
  average.add(x / 3.0 - b);
  Tensor filled = Tensor::empty({n});
  filled.fill(0.1);
  std::uint64_t bits = hash(average.value());
  for (const Tensor& y : {x, x * 0.1, 0.1 / b, x / b, x + b, filled, -x}) bits = hash(y, bits);
  return bits;
}

// The batch is made on the calling thread or on the loader's.
std::uint64_t loading(int threads) {
  data::LoaderOptions options;
  options.threads = threads;
  data::DataLoader loader(std::make_shared<data::SyntheticDigits>(100), options);
  std::uint64_t bits = 0;
  for (const data::Batch& batch : loader) bits = hash(batch.x, bits);
  return bits;
}

}  // namespace

TEST_CASE("floating point: no mode of the caller's changes bits, with any number of threads") {
  std::optional<SubnormalsKept> kept;
  std::vector<int> numbers = {1, 2, 4, 9};
  std::vector<unsigned> modes = {denormals_are_zero | flush_to_zero, downwards, upwards, to_zero};
  SUBCASE("subnormal numbers flushed") {}
  SUBCASE("subnormal numbers kept") {
    kept.emplace();
    numbers = {9};
  }
  if (test::sweep() == test::Sweep::brief) {
    numbers = {9};
    modes = {denormals_are_zero | flush_to_zero | upwards};
  }
  std::uint64_t expected[6];
  const auto all = [](std::uint64_t* bits) {
    *bits++ = training(2);
    *bits++ = training(300);
    *bits++ = tensors(5);
    *bits++ = tensors(200'000);
    *bits++ = loading(0);
    *bits++ = loading(2);
  };
  {
    const Threads scope(4);
    all(expected);
  }
  CHECK(expected[4] == expected[5]);
  for (const unsigned bits : modes)
    // Of nine threads some are started under the caller's mode.
    for (const int threads : numbers) {
      CAPTURE(bits);
      CAPTURE(threads);
      const Threads scope(threads);
      std::uint64_t found[6];
      unsigned after;
      {
        const Mode mode(all_masks | bits);
        all(found);
        after = __builtin_ia32_stmxcsr();
      }
      CHECK((after & ~raised) == (all_masks | bits));
      for (int i = 0; i < 6; ++i) {
        CAPTURE(i);
        CHECK(found[i] == expected[i]);
      }
    }
}

TEST_CASE(
    "floating point: a piece that changes the mode of its thread leaves the next loop its own") {
  const Threads scope(2);
  const auto on_both = [](const std::function<void(std::int64_t)>& f) {
    std::atomic<int> arrived{0};
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(2);
    parallel_for(2, 1, [&](std::int64_t piece, std::int64_t) {
      ++arrived;
      // The other thread may be away (internal/helper_limit.hpp).
      while (arrived < 2 && std::chrono::steady_clock::now() < give_up) std::this_thread::yield();
      f(piece);
    });
  };
  unsigned modes[2];
  {
    const Mode mode(all_masks);
    on_both([](std::int64_t) { __builtin_ia32_ldmxcsr(all_masks | upwards); });
  }
  on_both([&](std::int64_t piece) { modes[piece] = __builtin_ia32_stmxcsr() & ~raised; });
  CHECK(modes[0] == all_masks);
  CHECK(modes[1] == all_masks);
}

TEST_CASE("floating point: exceptions that the caller traps are raised, not delivered") {
  const Mode mode(0);  // traps all
  const Variable x = Variable::leaf(Tensor::from({0.F, -1.F, 1e30F}));
  const Variable y = log(x) + sqrt(x) + x * x;
  y.backward(Tensor::ones({3}));
  const Tensor product = x.grad() * x.value();
  const unsigned after = __builtin_ia32_stmxcsr();
  __builtin_ia32_ldmxcsr(all_masks);
  CHECK((after & ~raised) == 0);
  CHECK((after & FE_DIVBYZERO) != 0);
  CHECK(std::isinf(y.value().at({0})));
}

TEST_CASE("floating point: an exception out of a rule brings the caller's mode back") {
  const Variable x = Variable::leaf(Tensor::ones({2}));
  const Variable y = record("broken", x.value() * 2.0, {x},
                            [](const Tensor&, Gradients&) { throw std::runtime_error("rule"); });
  unsigned after;
  {
    const Mode mode(all_masks | upwards);
    try {
      y.backward(Tensor::ones({2}));
    } catch (const std::runtime_error&) {
    }
    after = __builtin_ia32_stmxcsr();
  }
  CHECK((after & ~raised) == (all_masks | upwards));
}

TEST_CASE("floating point: operations take subnormal numbers for 0, unless they are to be kept") {
  for (const DType dtype : {DType::float32, DType::float64})
    for (const std::int64_t n : {3, 100'000}) {
      CAPTURE(dtype);
      CAPTURE(n);
      const double tiny = dtype == DType::float32 ? 1e-40 : 1e-310;
      const double small = dtype == DType::float32 ? 1e-30 : 1e-300;
      Tensor x = Tensor::empty({n}, dtype), y = Tensor::empty({n}, dtype);
      {
        const SubnormalsKept kept;
        x.fill(tiny);
        y.fill(small);
      }
      const Tensor one = Tensor::ones({n}, dtype);
      const auto values = [&] {
        const Variable leaf = Variable::leaf(x);
        (leaf * 3.0).backward(x);
        return std::vector<double>{(x * one).at({n - 1}), (y * y).at({n - 1}),
                                   (Variable(x) + Variable(x)).value().at({n - 1}),
                                   sum(Variable(x)).value().item(), leaf.grad().at({n - 1})};
      };
      CHECK(values() == std::vector<double>(5));
      CHECK(x.at({n - 1}) > 0);  // what nobody computes with stays
      const SubnormalsKept kept;
      const std::vector<double> found = values();
      for (const int i : {0, 2, 3, 4}) {
        CAPTURE(i);
        CHECK(found[static_cast<std::size_t>(i)] > 0);
      }
    }
}

TEST_CASE("floating point: a moment that decays ends at 0") {
  for (const DType dtype : {DType::float32, DType::float64}) {
    Variable w = Variable::leaf(Tensor::ones({40}, dtype));
    optim::SGDOptions options;
    options.lr = 0.1;
    options.momentum = 0.5;
    optim::SGD optimizer(Parameters{{"w", w}}, options);
    w.set_grad(Tensor::ones({40}, dtype));
    optimizer.step();
    w.set_grad(Tensor::zeros({40}, dtype));
    int steps = 0;
    const auto largest = [&] {
      double result = 0;
      for (const auto& [name, tensor] : optimizer.state_dict().tensors())
        if (is_floating(tensor.dtype()) && tensor.numel() == 40)
          result = std::max(result, std::fabs(tensor.at({39})));
      return result;
    };
    for (; steps < 1100 && largest() > 0; ++steps) optimizer.step();
    CHECK(largest() == 0);
    CHECK(steps <= (dtype == DType::float32 ? 128 : 1024));
  }
}

TEST_CASE("floating point: the caller's code, hooks, datasets and his own loops keep subnormals") {
  const auto product = [](float a) {
    volatile float x = a;  // computed here and now
    return x * 0.5F;
  };
  CHECK(product(1e-40F) > 0);
  Variable x = Variable::leaf(Tensor::ones({4}));
  float in_hook = 0;
  x.register_hook([&](const Tensor&) {
    in_hook = product(1e-40F);
    return Tensor();
  });
  (x * x).backward(Tensor::ones({4}));
  CHECK(in_hook > 0);
  CHECK(product(1e-40F) > 0);
  const Threads scope(3);
  std::atomic<int> zeros{0};
  parallel_for(64, 1, [&](std::int64_t, std::int64_t) { zeros += product(1e-40F) == 0; });
  CHECK(zeros == 0);
  const Mode mode(all_masks | denormals_are_zero | flush_to_zero);
  parallel_for(64, 1, [&](std::int64_t, std::int64_t) { zeros += product(1e-40F) == 0; });
  CHECK(zeros == 64);
}

#endif
