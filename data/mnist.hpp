// MNIST, and every set laid out like it (Fashion-MNIST, KMNIST, EMNIST), from a folder of IDX files.
#pragma once

#include <string>

#include "images.hpp"

namespace plumb::data {

enum class Split { train, test };

/// In what a set differs from MNIST. EMNIST's letters have 26 classes, which their files number from
/// 1 on:
///
///     data::load_mnist(folder, data::Split::train, {26, 1, "emnist-letters-"});
struct MnistOptions {
  int classes = 10;         ///< 1 to 256.
  int first_label = 0;      ///< What the files call the first class; 0 to 255. Loaded, it is 0.
  std::string prefix = "";  ///< What the names of the files begin with.
};

/// The training or the test set in `folder`: images uint8 [n, 28, 28], labels uint8 [n], each
/// below options.classes. Files are looked for as "train-images-idx3-ubyte" and
/// "train-images.idx3-ubyte" (for the test set "t10k-..." and "test-..."), then both with ".gz", then
/// each of them in a folder of its own name; the first that is there is read. As to their content,
/// load_idx decides what is gzip.
///
///     auto train = data::load_mnist(folder, data::Split::train).dataset();
///
/// Throws "[load_mnist] ..." for options out of range, a missing folder or file, images that are not
/// bytes [n, 28, 28], none at all, labels that are not bytes [n] of one of the classes, and unequal
/// counts; and what load_idx throws.
LabelledImages load_mnist(const std::string& folder, Split split, const MnistOptions& options = {});

}  // namespace plumb::data
