// libtorch's steps of a small GPT, and its embedding.
#include <cmath>
#include <limits>

#include "../shared/workloads.hpp"
#include "tensors.hpp"

using namespace torch::nn;

namespace {

using bench::baby_gpt;

torch::Tensor token_tensor(std::vector<std::int64_t> source, at::IntArrayRef shape) {
  return torch::from_blob(source.data(), shape, torch::kLong).clone();
}

torch::Tensor tokens_from(std::int64_t batch, std::int64_t first) {
  return token_tensor(bench::tokens(batch * baby_gpt.window, baby_gpt.vocabulary, first),
                      {batch, baby_gpt.window});
}

// A pre-norm block as GPT has it. Its parameters stand in the order of plumb's encoder layer.
struct BlockImpl : Module {
  Linear qkv, proj, linear1, linear2;
  LayerNorm norm1, norm2;

  BlockImpl()
      : qkv(baby_gpt.width, 3 * baby_gpt.width),
        proj(baby_gpt.width, baby_gpt.width),
        linear1(baby_gpt.width, 4 * baby_gpt.width),
        linear2(4 * baby_gpt.width, baby_gpt.width),
        norm1(LayerNormOptions({baby_gpt.width})),
        norm2(LayerNormOptions({baby_gpt.width})) {
    register_module("qkv", qkv);
    register_module("proj", proj);
    register_module("linear1", linear1);
    register_module("linear2", linear2);
    register_module("norm1", norm1);
    register_module("norm2", norm2);
  }

  torch::Tensor attend(const torch::Tensor& x, const torch::Tensor& mask) {
    const std::int64_t n = x.size(0), steps = x.size(1), depth = baby_gpt.width / baby_gpt.heads;
    const torch::Tensor parts =
        qkv(x).view({n, steps, 3, baby_gpt.heads, depth}).permute({2, 0, 3, 1, 4});
    const torch::Tensor q = parts[0] / std::sqrt(static_cast<double>(depth));
    const torch::Tensor weights =
        torch::softmax(torch::matmul(q, parts[1].transpose(2, 3)) + mask, 3);
    const torch::Tensor y = torch::matmul(weights, parts[2]);
    return proj(y.transpose(1, 2).reshape({n, steps, baby_gpt.width}));
  }

  torch::Tensor forward(torch::Tensor x, const torch::Tensor& mask) {
    x = x + attend(norm1(x), mask);
    return x + linear2(torch::gelu(linear1(norm2(x))));
  }
};
TORCH_MODULE(Block);

}  // namespace

namespace bench {

void gpt(std::int64_t batch) {
  Embedding embedding(baby_gpt.vocabulary, baby_gpt.width);
  torch::Tensor positions = torch::zeros({baby_gpt.window, baby_gpt.width}, torch::requires_grad());
  std::vector<torch::Tensor> parameters = {embedding->weight, positions};
  std::vector<Block> blocks;
  for (std::int64_t i = 0; i < baby_gpt.layers; ++i) {
    blocks.emplace_back(Block());
    for (const torch::Tensor& p : blocks.back()->parameters()) parameters.push_back(p);
  }
  LayerNorm last(LayerNormOptions({baby_gpt.width}));
  for (const torch::Tensor& p : last->parameters()) parameters.push_back(p);
  {
    const torch::NoGradGuard no_grad;
    std::uint32_t seed = 0;
    for (torch::Tensor& p : parameters)
      if (p.dim() > 1) p.copy_(values(p.sizes(), ++seed, baby_gpt.scale));
    for (Block& block : blocks)
      for (const Linear& linear : {block->qkv, block->proj, block->linear1, block->linear2})
        linear->bias.zero_();
  }
  torch::optim::AdamW optimizer(
      parameters, torch::optim::AdamWOptions(0.001).betas({0.9, 0.99}).weight_decay(0.1));
  const torch::Tensor x = tokens_from(batch, 0), y = tokens_from(batch, 1).view({-1});
  const torch::Tensor mask =
      torch::full({baby_gpt.window, baby_gpt.window}, -std::numeric_limits<float>::infinity())
          .triu(1);
  time_training([&] {
    torch::Tensor h = embedding->forward(x) + positions;
    for (Block& block : blocks) h = block(h, mask);
    const torch::Tensor logits = torch::linear(last(h), embedding->weight);
    const torch::Tensor loss = functional::cross_entropy(logits.view({-1, baby_gpt.vocabulary}), y);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    return loss;
  });
}

void embedding(std::int64_t ids) {
  torch::Tensor weight = values({embedding_rows, embedding_width}, 1, 1).requires_grad_();
  const torch::Tensor x = token_tensor(tokens(ids, embedding_rows, 0), {ids});
  const torch::Tensor g = values({ids, embedding_width}, 2, 1);
  const auto pass = [&] {
    weight.mutable_grad().reset();
    const torch::Tensor y = torch::embedding(weight, x);
    y.backward(g);
    return y[ids - 1][7].item<double>();
  };
  check(pass());
  check(weight.grad()[embedding_rows / 2][3].item<double>());
  time(pass);
}

}  // namespace bench
