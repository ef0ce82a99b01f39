#include "mnist.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "../core/runtime/error.hpp"
#include "idx.hpp"

namespace plumb::data {
namespace {

constexpr const char* operation = "load_mnist";
constexpr std::int64_t side = 28;
constexpr int classes = 10;

bool exists(const std::string& path) {
  struct stat status;
  if (::stat(path.c_str(), &status) == 0) return true;
  if (errno != ENOENT) fail(operation, path, ": ", std::strerror(errno));
  return false;
}

// The path of `name`, "train-images" say, in one of its spellings.
std::string find(const std::string& folder, const std::string& name, const std::string& ending) {
  for (const char* zipped : {"", ".gz"}) {
    for (const char* separator : {"-", "."}) {
      const std::string path = folder + "/" + name + separator + ending + zipped;
      if (exists(path)) return path;
    }
  }
  fail(operation, folder, ": neither ", name, "-", ending, " nor ", name, ".", ending,
       ", with or without .gz");
}

Tensor load_images(const std::string& path) {
  const Tensor images = load_idx(path);
  if (images.dtype() != DType::uint8 || images.rank() != 3 || images.dim(1) != side ||
      images.dim(2) != side)
    fail(operation, path, ": expected images [n, 28, 28] of uint8, got ", images.shape(), " of ",
         images.dtype());
  return images;
}

Tensor load_labels(const std::string& path) {
  const Tensor labels = load_idx(path);
  if (labels.dtype() != DType::uint8 || labels.rank() != 1)
    fail(operation, path, ": expected labels [n] of uint8, got ", labels.shape(), " of ",
         labels.dtype());
  const std::uint8_t* values = labels.data<std::uint8_t>();
  for (std::int64_t i = 0; i < labels.numel(); ++i)
    if (values[i] >= classes)
      fail(operation, path, ": label ", int{values[i]}, " of sample ", i, " is out of range [0, ",
           classes, ")");
  return labels;
}

}  // namespace

LabelledImages load_mnist(const std::string& folder, Split split) {
  if (!exists(folder)) fail(operation, folder, ": ", std::strerror(ENOENT));
  const std::string name = split == Split::train ? "train" : "t10k";
  const std::string images_path = find(folder, name + "-images", "idx3-ubyte");
  const std::string labels_path = find(folder, name + "-labels", "idx1-ubyte");
  LabelledImages set{load_images(images_path), load_labels(labels_path)};
  if (set.images.dim(0) != set.labels.dim(0))
    fail(operation, folder, ": ", set.images.dim(0), " images in ", images_path, " but ",
         set.labels.dim(0), " labels in ", labels_path);
  return set;
}

}  // namespace plumb::data
