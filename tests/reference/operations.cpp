#include "operations.hpp"

namespace plumb::test {

const std::map<std::string, Table>& operations() {
  static const std::map<std::string, Table> tables = {
      {"arithmetic", arithmetic_operations()},
      {"attention", attention_operations()},
      {"math", math_operations()},
      {"activation", activation_operations()},
      {"matmul", matmul_operations()},
      {"reduction", reduction_operations()},
      {"shape", shape_operations()},
      {"rearrange", rearrange_operations()},
      {"indexing", indexing_operations()},
      {"softmax", softmax_operations()},
      {"convolution", convolution_operations()},
      {"pooling", pooling_operations()},
      {"normalization", normalization_operations()},
      {"recurrent", recurrent_operations()},
      {"cross_entropy", cross_entropy_operations()},
      {"loss", loss_operations()},
  };
  return tables;
}

}  // namespace plumb::test
