// Every operation and loss against PyTorch 1.13: the files that tests/reference/generate.py wrote.
#include <doctest/doctest.h>

#include <sstream>

#include "../reference/operations.hpp"

using namespace plumb;
using namespace plumb::test;

TEST_CASE("reference: operations agree with PyTorch in float64") {
  for (const auto& [family, table] : operations()) check_reference(family, table, DType::float64);
}

TEST_CASE("reference: operations agree with PyTorch in float32") {
  for (const auto& [family, table] : operations()) check_reference(family, table, DType::float32);
}

TEST_CASE("reference: every operation has cases") {
  std::map<std::string, int> tables;  // the number of tables that have the operation
  for (const auto& [family, table] : operations()) {
    CHECK(uncovered(family, table) == "");
    for (const auto& entry : table) ++tables[entry.first];
  }
  std::istringstream names(
      "add sub mul div neg pow maximum minimum where exp log sqrt abs erf clamp "
      "sin cos expm1 log1p "
      "tanh sigmoid relu leaky_relu elu gelu silu softplus matmul linear "
      "sum mean var max min logsumexp norm stddev prod cumsum "
      "reshape flatten squeeze unsqueeze transpose permute slice concat stack broadcast_to "
      "pad split chunk flip masked_fill einsum interpolate upsample "
      "gather index_select sort topk softmax log_softmax conv1d conv2d conv_transpose1d "
      "conv_transpose2d "
      "max_pool1d max_pool2d avg_pool1d avg_pool2d adaptive_avg_pool1d adaptive_avg_pool2d "
      "adaptive_max_pool1d adaptive_max_pool2d "
      "batch_norm layer_norm group_norm rms_norm "
      "embedding scaled_dot_product_attention multi_head_attention rotary token_cross_entropy "
      "cross_entropy nll mse l1 huber bce_with_logits kl_div");
  for (std::string name; names >> name;) {
    CAPTURE(name);
    CHECK(tables[name] == 1);
  }
}
