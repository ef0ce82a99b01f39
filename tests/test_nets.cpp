// Whole networks: that training gives the same bits for any number of threads, and on a small
// stack. cmake/tests.cmake runs this file with older kernels too.
#include <doctest/doctest.h>

#include <plumb/examples/support/digit_nets.hpp>
#include <plumb/plumb.hpp>
#include <string>
#include <vector>

#include "support/bits.hpp"
#include "support/small_stack.hpp"
#include "support/threads.hpp"

using namespace plumb;

namespace {

struct Net {
  const char* name;
  nn::Sequential (*make)(Generator&);
  Shape input;  // batches that no block of images divides
};

const std::vector<Net> nets = {{"mlp", digit_nets::mlp, {150, 784}},
                               {"lenet", digit_nets::lenet, {37, 1, 28, 28}},
                               {"cnn", digit_nets::cnn, {19, 1, 28, 28}},
                               {"cnn with batch norm", digit_nets::cnn_bn, {19, 1, 28, 28}}};

// Of all parameters and buffers after some steps, and of the losses on the way.
std::uint64_t trained(const Net& net, int steps) {
  Generator generator(/*seed=*/1);
  nn::Sequential model = net.make(generator);
  optim::SGD optimizer(model.parameters(), optim::SGD::debiased(0.05, 0.9));
  Tensor x = Tensor::empty(net.input);
  generator.fill_uniform(x, -1, 1);
  Tensor y = Tensor::empty({net.input[0]}, DType::int64);
  for (std::int64_t i = 0; i < y.numel(); ++i) y.mutable_data<std::int64_t>()[i] = i % 10;
  std::uint64_t state = 0;
  for (int step = 0; step < steps; ++step) {
    const Variable loss = nn::cross_entropy(model(x), y);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    state = hash(loss.value(), state);
  }
  return test::bits(model.state_dict(), state);
}

}  // namespace

TEST_CASE("nets: training gives the same bits for 1, 2, 3 and 4 threads") {
  for (const Net& net : nets) {
    CAPTURE(net.name);
    std::vector<std::uint64_t> hashes;
    for (const int threads : test::thread_counts()) {
      const test::Threads scope(threads);
      hashes.push_back(trained(net, 2));
    }
    CHECK(hashes == std::vector<std::uint64_t>(hashes.size(), hashes[0]));
    CHECK(trained(net, 1) != hashes[0]);
  }
}

TEST_CASE("nets: training runs on a stack of 64 KiB") {
  const test::Threads scope(1);
  for (const Net& net : nets) {
    CAPTURE(net.name);
    std::uint64_t state = 0;
    test::on_a_small_stack([&] { state = trained(net, 1); });
    CHECK(state != 0);
  }
}
