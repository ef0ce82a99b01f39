// Principal components of handwritten digits: linear algebra on tensors, and nothing to train.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <numeric>
#include <plumb/plumb.hpp>
#include <string>
#include <vector>

#include "support/arguments.hpp"
#include "support/program.hpp"

using namespace plumb;

namespace {

std::shared_ptr<const data::Dataset> load(const std::string& folder, std::int64_t samples) {
  if (folder == "synthetic") return std::make_shared<data::SyntheticDigits>(samples);
  return data::load_mnist(folder, data::Split::train).dataset(data::ImageLayout::flat);
}

// The share of the variance that each component explains: squares of the singular values.
std::vector<double> shares(const Tensor& singular_values) {
  const Tensor squares = singular_values * singular_values;
  return (squares / sum(squares).item()).to(DType::float64).to_vector<double>();
}

void print_shares(const std::vector<double>& share) {
  std::printf("component   explains   together\n");
  double together = 0;
  for (std::size_t i = 0; i < share.size() && together < 0.9; ++i) {
    together += share[i];
    if (i < 10 || together >= 0.9)
      std::printf("%9zu   %6.2f %%   %6.2f %%\n", i + 1, 100 * share[i], 100 * together);
  }
}

// Each digit where its first two components put it; of several in one place the last is seen.
void print_scatter(const Tensor& points, const Tensor& labels) {
  constexpr int width = 78, height = 30;
  std::vector<std::string> page(height, std::string(width, ' '));
  const double* point = points.data<double>();
  double reach[2] = {1e-300, 1e-300};  // equal digits all stand in the middle
  for (std::int64_t i = 0; i < points.numel(); ++i)
    reach[i % 2] = std::max(reach[i % 2], std::abs(point[i]));
  const auto place = [&](std::int64_t i, int axis, int size) {
    return static_cast<int>((1 + point[2 * i + axis] / reach[axis]) / 2 * (size - 1) + 0.5);
  };
  for (std::int64_t i = 0; i < labels.numel(); ++i)
    page[height - 1 - place(i, 1, height)][place(i, 0, width)] =
        static_cast<char>('0' + labels.data<std::int64_t>()[i]);
  std::printf("\nfirst component to the right, second upwards\n");
  for (const std::string& line : page) std::printf("|%s|\n", line.c_str());
}

int analyse(const std::string& folder, std::int64_t samples) {
  const auto dataset = load(folder, samples);
  if (dataset->size() < 3)
    errors::fail("pca_digits", "expected 3 or more digits, got ", dataset->size());
  const data::Batch batch =  // x [n, 784], y [n]
      dataset->gather(data::all_indices(std::min(samples, dataset->size())));

  // x - mean = u diag(s) vt: the rows of vt are the directions in which digits differ most, one
  // after the other, and u diag(s) says how far each digit lies along them.
  const Tensor x = batch.x.to(DType::float64);
  const auto [u, s, vt] = linalg::svd(x - mean(x, 0).value());
  print_shares(shares(s));
  print_scatter(slice(u * s, 1, 0, 2).value(), batch.y);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::string folder = "synthetic";
  std::int64_t samples = 2000;
  arguments::App app("Shows the principal components of handwritten digits.", "pca_digits");
  app.add_option("--data", folder, "'synthetic', or a folder with the MNIST files");
  app.add_option("--samples", samples, "digits to look at").whole_number(3, 100'000);
  const int code = app.parse(argc, argv);
  if (code >= 0) return code;
  return run_program("pca_digits", [&] { return analyse(folder, samples); });
}
