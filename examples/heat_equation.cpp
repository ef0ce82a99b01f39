// Solves the heat equation u_t = a u_xx by a network that is trained to satisfy it (Raissi et al. 2019,
// "Physics-informed neural networks").
#include <cmath>
#include <cstdio>
#include <plumb/plumb.hpp>
#include <string>

#include "support/arguments.hpp"
#include "support/files.hpp"
#include "support/gnuplot.hpp"
#include "support/program.hpp"

using namespace plumb;

namespace {

const double pi = std::acos(-1);
constexpr double a = 0.1;  // how fast heat spreads

// The rod is 1 long, 0 at both ends, and at t = 0 as warm as this.
Variable at_the_start(const Variable& x) { return sin(pi * x) + 0.5 * sin(3 * pi * x); }

// What becomes of it: each sine fades at its own pace.
Tensor exact(const Tensor& x, const Tensor& t) {
  const auto fading = [&](double k) {
    return exp(Variable(t * (-a * k * k * pi * pi))).value() * sin(Variable(k * pi * x)).value();
  };
  return fading(1) + 0.5 * fading(3);
}

// u = start + t x (1 - x) net(x, t): right at t = 0 and at both ends whatever the net says (Lagaris et
// al. 1998, "Artificial neural networks for solving ordinary and partial differential equations").
class Temperature : public nn::Layer {
 public:
  explicit Temperature(Generator& generator)
      : net_(add("net", nn::Sequential{nn::Linear(2, 32, generator), nn::Tanh(),
                                       nn::Linear(32, 32, generator), nn::Tanh(),
                                       nn::Linear(32, 1, generator)})) {}
  Variable at(const Variable& x, const Variable& t) {  // [n, 1] each
    return at_the_start(x) + t * x * (1 - x) * net_(concat({x, t}, 1));
  }
  Variable forward(const Variable& points) override {
    return at(slice(points, 1, 0, 1), slice(points, 1, 1, 2));
  }

 private:
  nn::Sequential& net_;
};

// u_t - a u_xx. The graph of the first derivatives is what the second one and the loss go through.
Variable residual(Temperature& u, const Variable& x, const Variable& t) {
  const std::vector<Variable> first = grad({sum(u.at(x, t))}, {x, t}, {}, create_graph);
  const Variable u_xx = grad({sum(first[0])}, {x}, {}, create_graph)[0];
  return first[1] - a * u_xx;
}

Variable random_points(Generator& generator, std::int64_t n) {
  Tensor points = Tensor::empty({n, 1});
  generator.fill_uniform(points);
  return Variable::leaf(points);
}

void train(Temperature& u, std::int64_t steps, Generator generator) {
  optim::AdamOptions options;
  options.lr = 0.003;
  optim::Adam optimizer(u.parameters(), options);
  optim::Schedule schedule(optimizer, optim::curve::cosine(steps));
  for (std::int64_t step = 1; step <= steps; ++step) {
    const Variable r = residual(u, random_points(generator, 512), random_points(generator, 512));
    const Variable loss = mean(r * r);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    schedule.step();
    if (step % 2000 == 0 || step == steps)
      std::printf("step %5ld  loss %.3g\n", static_cast<long>(step), loss.item());
  }
}

// A grid of points, and the temperature there: learnt and exact.
struct Solution {
  Tensor x, t, learnt, truth;
};

Solution on_grid(Temperature& u, std::int64_t points, std::int64_t times) {
  const NoGrad no_grad;
  Tensor x =
      Tensor::arange(points, DType::float32).reshape({1, points}) / static_cast<double>(points - 1);
  Tensor t =
      Tensor::arange(times, DType::float32).reshape({times, 1}) / static_cast<double>(times - 1);
  const Shape grid = {times, points};
  Solution s;
  s.x = broadcast_to(x, grid).reshape({-1, 1}).value();
  s.t = broadcast_to(t, grid).reshape({-1, 1}).value();
  s.learnt = u.at(s.x, s.t).value();
  s.truth = exact(s.x, s.t);
  return s;
}

double relative_error(const Solution& s) {
  return norm(s.learnt - s.truth).item() / norm(s.truth).item();
}

// Curves at five times: the learnt ones as lines, the exact ones as dots.
bool picture(Temperature& u, const std::string& folder) {
  constexpr std::int64_t points = 51, times = 5;
  const Solution s = on_grid(u, points, times);
  std::string table = "# x,t,learnt,exact\n";
  for (std::int64_t i = 0; i < points * times; ++i) {
    if (i > 0 && i % points == 0) table += "\n\n";
    table += errors::text(s.x.at({i, 0}), ",", s.t.at({i, 0}), ",", s.learnt.at({i, 0}), ",",
                          s.truth.at({i, 0}), "\n");
  }
  make_folder(folder);
  write_file(folder + "/heat_equation.csv", table);
  return draw(folder, "heat_equation",
              "set xlabel 'x'\nset ylabel 'temperature'\n"
              "plot for [i=0:4] 'heat_equation.csv' index i using 1:3 with lines "
              "ls i+1 title sprintf('t = %.2f', i / 4.0), "
              "for [i=0:4] '' index i using 1:4 every 3 with points pt 7 ps 0.4 "
              "lc rgb 'black' title (i == 0 ? 'exact' : '')\n");
}

int run(std::int64_t steps, std::int64_t seed, const std::string& folder) {
  Generator generator(static_cast<std::uint64_t>(seed));
  Temperature u(generator);
  train(u, steps, Generator(static_cast<std::uint64_t>(seed), Stream::data));
  std::printf("relative L2 error %.2e\n", relative_error(on_grid(u, 101, 101)));
  if (!folder.empty() && !picture(u, folder)) std::puts(without_gnuplot);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::int64_t steps = 20000, seed = 1;
  std::string folder;
  arguments::App app("Solves the heat equation by a network.", "heat_equation");
  app.add_option("--steps", steps, "of Adam").whole_number(1, 1'000'000);
  app.add_option("--seed", seed, "of weights and points").whole_number(0, 1'000'000);
  app.add_option("--out", folder, "a folder for a picture").not_empty();
  const int code = app.parse(argc, argv);
  if (code >= 0) return code;
  return run_program("heat_equation", [&] { return run(steps, seed, folder); });
}
