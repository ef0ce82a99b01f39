// A model trained on MNIST step by step beside PyTorch 1.13: tests/reference/mnist_losses.py.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <plumb/data/loader.hpp>
#include <plumb/data/mnist.hpp>
#include <plumb/nn/activation.hpp>
#include <plumb/nn/linear.hpp>
#include <plumb/nn/loss.hpp>
#include <plumb/nn/sequential.hpp>
#include <plumb/optim/sgd.hpp>
#include <string>
#include <vector>

#include "../support/threads.hpp"

using namespace plumb;

namespace {

std::string mnist_folder() {
  const char* folder = std::getenv("PLUMB_DATA");
  return std::string(folder != nullptr ? folder : PLUMB_SOURCE_DIR "/../shared/data") + "/mnist";
}

bool is_there(const std::string& folder) {
  return std::ifstream(folder + "/train-images-idx3-ubyte.gz").good();
}

// The losses of all steps: the first column holds those in float64, the second in float32.
std::vector<double> expected_losses(DType dtype) {
  std::ifstream file(PLUMB_SOURCE_DIR "/tests/reference/mnist_losses.txt");
  std::vector<double> losses;
  for (double float64, float32; file >> float64 >> float32;)
    losses.push_back(dtype == DType::float64 ? float64 : float32);
  return losses;
}

// The script's numbers in [-1, 1) from the integers first, first + 1, ..., over sqrt(fan_in).
Variable hashed(std::uint32_t& first, const Shape& shape, std::int64_t fan_in, DType dtype) {
  std::vector<float> values(static_cast<std::size_t>(shape.numel()));
  for (float& value : values) {
    std::uint32_t h = first++ * 0x9E3779B1u;
    h = (h ^ (h >> 16)) * 0x85EBCA6Bu;
    h = (h ^ (h >> 13)) * 0xC2B2AE35u;
    h = h ^ (h >> 16);
    value = static_cast<float>(((h >> 8) * 0x1p-23 - 1) / std::sqrt(static_cast<double>(fan_in)));
  }
  return Variable::leaf(Tensor::from(values, shape).to(dtype));
}

nn::Linear hashed_linear(std::uint32_t& first, std::int64_t in, std::int64_t out, DType dtype) {
  const Variable weight = hashed(first, {out, in}, in, dtype);
  return nn::Linear(weight, hashed(first, {out}, in, dtype));
}

// The largest difference of a step's loss from PyTorch's.
double train_beside_pytorch(const std::string& folder, DType dtype) {
  std::uint32_t first = 47000000;
  nn::Sequential model{hashed_linear(first, 784, 256, dtype), nn::ReLU(),
                       hashed_linear(first, 256, 128, dtype), nn::ReLU(),
                       hashed_linear(first, 128, 10, dtype)};
  data::ByteScaling scaling;
  scaling.dtype = dtype;
  const auto dataset =
      data::load_mnist(folder, data::Split::train).dataset(data::ImageLayout::flat, scaling);
  data::DataLoader loader(dataset);
  optim::SGD optimizer(model.parameters(), optim::SGD::heavy_ball(0.05, 0.9));

  const std::vector<double> expected = expected_losses(dtype);
  REQUIRE(expected.size() == 200);
  double largest = 0;
  std::size_t step = 0;
  for (const data::Batch& batch : loader) {
    const Variable loss = nn::cross_entropy(model(batch.x), batch.y);
    largest = std::max(largest, std::abs(loss.item() - expected[step]));
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    if (++step == expected.size()) break;
  }
  CHECK(step == expected.size());
  return largest;
}

}  // namespace

TEST_CASE("mnist: 200 steps follow PyTorch's losses") {
  const std::string folder = mnist_folder();
  if (!is_there(folder)) {
    MESSAGE("skipped: no MNIST in ", folder, "; set PLUMB_DATA to the folder that holds mnist/");
    return;
  }
  const test::Threads one(1);  // small steps on several are slow where the machine is busy
  CHECK(train_beside_pytorch(folder, DType::float64) <= 1e-10);
  CHECK(train_beside_pytorch(folder, DType::float32) <= 1e-4);
}
