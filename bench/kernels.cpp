// The single kernels, through the public operations: bench/kernels --benchmark_filter=conv2d.
// OMP_NUM_THREADS says how many threads they may use.
#include <benchmark/benchmark.h>

#include <plumb/plumb.hpp>
#include <string>
#include <utility>

#include "plumb/tensors.hpp"

using namespace plumb;

namespace {

// What one call computes and moves; 0 where it is not the limit.
struct Work {
  double flops = 0;
  double bytes = 0;
};

Tensor values(const Shape& shape) { return bench::values(shape, 1, 1); }
Variable leaf(const Shape& shape) { return Variable::leaf(values(shape)); }
double count(const Tensor& x) { return static_cast<double>(x.numel()); }

void report(benchmark::State& state, const Work& work) {
  const auto rate = [](double amount) {
    return benchmark::Counter(amount, benchmark::Counter::kIsIterationInvariantRate);
  };
  if (work.flops > 0) state.counters["FLOP/s"] = rate(work.flops);
  if (work.bytes > 0) state.counters["B/s"] = rate(work.bytes);
}

// Wall time: with several threads the caller's processor time says little.
template <class F>
void add(const std::string& name, const Work& work, F&& run) {
  benchmark::RegisterBenchmark(name.c_str(), [work, run = std::forward<F>(run)](
                                                 benchmark::State& state) mutable {
    run();  // takes its memory, which the pool then keeps
    for (auto _ : state) run();
    report(state, work);
  })->UseRealTime();
}

// f() without recording.
template <class F>
void add_forward(const std::string& name, const Work& work, F&& f) {
  add(name, work, [f] {
    const NoGrad no_grad;
    benchmark::DoNotOptimize(f());
  });
}

// The gradient of f() with respect to the one leaf that it depends on.
template <class F>
void add_backward(const std::string& name, const Work& work, Variable leaf, F&& f) {
  const Variable y = f();
  add(name, work, [leaf, y, seed = values(y.shape())]() mutable {
    leaf.zero_grad();
    y.backward(seed, retain_graph);
  });
}

void add_products() {
  const std::int64_t shapes[][3] = {
      {64, 256, 784}, {64, 784, 256}, {512, 256, 784}, {64, 10, 128}, {1024, 1024, 1024}};
  const std::pair<const char*, std::pair<Transpose, Transpose>> forms[] = {
      {"NN", {Transpose::no, Transpose::no}},
      {"NT", {Transpose::no, Transpose::yes}},
      {"TN", {Transpose::yes, Transpose::no}}};
  for (const auto& [m, n, k] : shapes)
    for (const auto& [form, transposed] : forms) {
      const auto [ta, tb] = transposed;
      const Variable a = values(ta == Transpose::no ? Shape{m, k} : Shape{k, m});
      const Variable b = values(tb == Transpose::no ? Shape{k, n} : Shape{n, k});
      add_forward(errors::text("matmul/", form, "/", m, "x", n, "x", k),
                  {2.0 * static_cast<double>(m * n * k)},
                  [a, b, ta = ta, tb = tb] { return matmul(a, b, ta, tb); });
    }
}

void add_convolution(const std::string& name, const Shape& input, const Shape& kernel,
                     std::int64_t padding) {
  Conv2dOptions options;
  options.padding = padding;
  const Variable x = leaf(input), w = leaf(kernel);
  const Variable fixed_x = x.value(), fixed_w = w.value();
  const Variable y = conv2d(fixed_x, fixed_w, {}, options);
  const Work work{2 * count(y.value()) * static_cast<double>(kernel.numel(1, 4))};
  add_forward(name + "/forward", work, [=] { return conv2d(fixed_x, fixed_w, {}, options); });
  add_backward(name + "/dx", work, x, [=] { return conv2d(x, fixed_w, {}, options); });
  add_backward(name + "/dw", work, w, [=] { return conv2d(fixed_x, w, {}, options); });
}

void add_convolutions() {
  add_convolution("conv2d/lenet1", {64, 1, 28, 28}, {6, 1, 5, 5}, 2);
  add_convolution("conv2d/lenet2", {64, 6, 14, 14}, {16, 6, 5, 5}, 0);
  add_convolution("conv2d/cnn1", {64, 1, 28, 28}, {32, 1, 3, 3}, 0);
  add_convolution("conv2d/cnn2", {64, 32, 26, 26}, {64, 32, 3, 3}, 0);
  add_convolution("conv2d/cnnbn2", {64, 32, 14, 14}, {64, 32, 3, 3}, 1);
}

void add_images() {
  const Shape shape{64, 64, 24, 24};
  const Variable x = leaf(shape);
  const Work read{0, 4 * count(x.value())};
  add_forward("max_pool2d/forward", read, [x] { return max_pool2d(x, 2); });
  add_backward("max_pool2d/backward", read, x, [x] { return max_pool2d(x, 2); });

  const auto layer = std::make_shared<nn::BatchNorm2d>(64);
  add_forward("batch_norm/forward", read, [x, layer] { return (*layer)(x); });
  add_backward("batch_norm/backward", read, x, [x, layer] { return (*layer)(x); });
}

void add_losses() {
  for (const std::int64_t batch : {64, 8192}) {
    const Variable logits = leaf({batch, 10});
    const Tensor targets = Tensor::from(bench::labels(batch, 10));
    const std::string name = errors::text("cross_entropy/", batch, "x10");
    add_forward(name + "/forward", {}, [=] { return cross_entropy(logits, targets); });
    add_backward(name + "/backward", {}, logits, [=] { return cross_entropy(logits, targets); });
  }
}

void add_elementwise() {
  for (const std::int64_t n : {16'384, 16'777'216}) {
    const Variable x = values({n});
    const double bytes = 4 * count(x.value());
    const std::string size = errors::text("/", n);
    add_forward("exp" + size, {0, 2 * bytes}, [x] { return exp(x); });
    add_forward("tanh" + size, {0, 2 * bytes}, [x] { return tanh(x); });
    add_forward("mul" + size, {0, 3 * bytes}, [x] { return x * x; });
    add_forward("sum" + size, {0, bytes}, [x] { return sum(x); });
  }
}

template <class Rule>
void add_optimizer(const std::string& name, const typename Rule::Options& options, double passes) {
  Variable parameter = leaf({8'000'000});
  parameter.set_grad(values({8'000'000}));
  const auto optimizer = std::make_shared<Rule>(Parameters{{"parameter", parameter}}, options);
  add("optimizer/" + name, {0, 4 * passes * count(parameter.value())}, [=] { optimizer->step(); });
}

void add_optimizers() {
  add_optimizer<optim::SGD>("plain", optim::SGD::plain(0.01), 3);
  add_optimizer<optim::SGD>("momentum", optim::SGD::heavy_ball(0.01, 0.9), 5);
  add_optimizer<optim::SGD>("debiased", optim::SGD::debiased(0.01, 0.9), 5);
  add_optimizer<optim::Adam>("adam", {}, 7);
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  add_products();
  add_convolutions();
  add_images();
  add_losses();
  add_elementwise();
  add_optimizers();
  benchmark::RunSpecifiedBenchmarks();
}
