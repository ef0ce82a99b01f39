// Embedding: a learnt vector for each class.
#pragma once

#include <optional>

#include "layer.hpp"

namespace plumb::nn {

struct EmbeddingOptions {
  /// The class of what pads short sequences: its vector starts as 0 and gets no gradient.
  std::optional<std::int64_t> padding;
};

/// y = weight[x] for classes x [...], int64 in [0, v): a result [..., d]. The parameter "weight"
/// [v, d] starts normal with mean 0 and deviation 1, as in PyTorch.
///
/// A Linear without bias over the same weight gives scores of the classes (Press and Wolf 2017,
/// "Using the output embedding to improve language models"):
///
/// ```
/// nn::Embedding tokens(65, 128, generator);
/// nn::Linear head(tokens.weight());
/// ```
class Embedding : public Layer {
 public:
  /// float32; to() converts. Throws when a size is negative, and for a padding that is no class.
  Embedding(std::int64_t classes, std::int64_t size, Generator& generator,
            const EmbeddingOptions& options = {});
  /// Over a weight [v, d] that already exists and that other modules may have too: a leaf. Its row
  /// for the padding stays what it is.
  explicit Embedding(Variable weight, const EmbeddingOptions& options = {});

  /// Throws "[Embedding] expected int64 classes, got float32 of [4, 16]", and for classes out of
  /// range, "[embedding] index 70 at element 3 is out of range [0, 65)".
  Variable forward(const Variable& x) override;

  /// [v, d].
  Variable weight() const { return weight_; }

 private:
  Variable weight_;
  EmbeddingOptions options_;
};

}  // namespace plumb::nn
