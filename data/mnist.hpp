// MNIST, and every set laid out like it (Fashion-MNIST, KMNIST), from a folder of IDX files.
#pragma once

#include <string>

#include "images.hpp"

namespace plumb::data {

enum class Split { train, test };

/// The training or the test set in `folder`: images uint8 [n, 28, 28], labels uint8 [n], each
/// below 10. Files are looked for as "train-images-idx3-ubyte" and "train-images.idx3-ubyte" (for
/// the test set "t10k-..."), then both with ".gz"; the first that exists is read. As to their
/// content, load_idx decides what is gzip.
///
///     auto train = data::load_mnist(folder, data::Split::train).dataset();
///
/// Throws "[load_mnist] ..." for a missing folder or file, images that are not bytes [n, 28, 28],
/// labels that are not bytes [n] below 10, and unequal counts; and what load_idx throws.
LabelledImages load_mnist(const std::string& folder, Split split);

}  // namespace plumb::data
