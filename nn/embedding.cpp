#include "embedding.hpp"

#include "../autograd/ops/embedding.hpp"
#include "../core/runtime/internal/fail.hpp"
#include "init.hpp"

namespace plumb::nn {
namespace {

void check_padding(std::optional<std::int64_t> padding, std::int64_t classes) {
  if (padding && (*padding < 0 || *padding >= classes))
    fail("Embedding", "padding ", *padding, " is out of range [0, ", classes, ")");
}

}  // namespace

Embedding::Embedding(std::int64_t classes, std::int64_t size, Generator& generator,
                     const EmbeddingOptions& options)
    : options_(options) {
  if (classes < 0 || size < 0)
    fail("Embedding", "the sizes must not be negative, got ", classes, " classes of ", size);
  check_padding(options.padding, classes);
  Tensor weight = Tensor::empty({classes, size});
  init::normal(weight, generator);
  if (options.padding) weight.rows(*options.padding, *options.padding + 1).fill(0);
  weight_ = add_parameter("weight", weight);
}

Embedding::Embedding(Variable weight, const EmbeddingOptions& options)
    : weight_(add_parameter("weight", std::move(weight))), options_(options) {
  if (weight_.rank() != 2) fail("Embedding", "expected a weight [v, d], got ", weight_.shape());
  check_padding(options.padding, weight_.dim(0));
}

Variable Embedding::forward(const Variable& x) {
  if (x.dtype() != DType::int64)
    fail("Embedding", "expected int64 classes, got ", x.dtype(), " of ", x.shape());
  return embedding(weight_, x.value(), options_.padding);
}

}  // namespace plumb::nn
