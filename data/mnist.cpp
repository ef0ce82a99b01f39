#include "mnist.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "../core/runtime/internal/fail.hpp"
#include "idx.hpp"

namespace plumb::data {
namespace {

constexpr const char* operation = "load_mnist";
constexpr std::int64_t side = 28;

bool exists(const std::string& path, struct stat& status) {
  if (::stat(path.c_str(), &status) == 0) return true;
  if (errno != ENOENT) fail(operation, path, ": ", std::strerror(errno));
  return false;
}

// `path`, or the file of that name in a folder of that name, as archives are unpacked; "" where
// there is neither.
std::string file_at(const std::string& folder, const std::string& name) {
  struct stat status;
  const std::string path = folder + "/" + name, inside = path + "/" + name;
  if (!exists(path, status)) return "";
  if (!S_ISDIR(status.st_mode)) return path;
  return exists(inside, status) && !S_ISDIR(status.st_mode) ? inside : "";
}

using Names = std::vector<std::string>;

// The path of the images or labels in one of their spellings: of "-images" and "idx3-ubyte",
// "train-images-idx3-ubyte" say. A file comes before one in a folder of its own.
std::string find(const std::string& folder, const Names& names, const std::string& what,
                 const std::string& ending) {
  std::string nested;
  for (const std::string& name : names) {
    for (const char* zipped : {"", ".gz"}) {
      for (const char* separator : {"-", "."}) {
        const std::string file = name + what + separator + ending + zipped;
        const std::string path = file_at(folder, file);
        if (path == folder + "/" + file) return path;
        if (nested.empty()) nested = path;
      }
    }
  }
  if (!nested.empty()) return nested;
  std::string wanted;
  for (const std::string& name : names)
    wanted += text(wanted.empty() ? "neither " : " nor ", name, what, "-", ending, " nor ", name,
                   what, ".", ending);
  fail(operation, folder, ": ", wanted, ", with or without .gz");
}

Tensor load_images(const std::string& path) {
  const Tensor images = load_idx(path);
  if (images.dtype() != DType::uint8 || images.rank() != 3 || images.dim(1) != side ||
      images.dim(2) != side)
    fail(operation, path, ": expected images [n, 28, 28] of uint8, got ", images.shape(), " of ",
         images.dtype());
  return images;
}

// Labels as the file has them, less options.first_label.
Tensor load_labels(const std::string& path, const MnistOptions& options) {
  const Tensor labels = load_idx(path);
  if (labels.dtype() != DType::uint8 || labels.rank() != 1)
    fail(operation, path, ": expected labels [n] of uint8, got ", labels.shape(), " of ",
         labels.dtype());
  Tensor result = Tensor::empty(labels.shape(), DType::uint8);
  const std::uint8_t* stored = labels.data<std::uint8_t>();
  std::uint8_t* value = result.mutable_data<std::uint8_t>();
  const int first = options.first_label, end = first + options.classes;
  for (std::int64_t i = 0; i < labels.numel(); ++i) {
    if (stored[i] < first || stored[i] >= end)
      fail(operation, path, ": label ", int{stored[i]}, " of sample ", i, " is out of range [",
           first, ", ", end, ")");
    value[i] = static_cast<std::uint8_t>(stored[i] - first);
  }
  return result;
}

void check(const MnistOptions& options) {
  if (options.classes < 1 || options.classes > 256)
    fail(operation, "classes must be in [1, 256], got ", options.classes);
  if (options.first_label < 0 || options.first_label > 255)
    fail(operation, "first_label must be in [0, 255], got ", options.first_label);
}

}  // namespace

LabelledImages load_mnist(const std::string& folder, Split split, const MnistOptions& options) {
  check(options);
  struct stat status;
  if (!exists(folder, status)) fail(operation, folder, ": ", std::strerror(ENOENT));
  const std::string &p = options.prefix, train = p + "train", t10k = p + "t10k", test = p + "test";
  const Names names = split == Split::train ? Names{train} : Names{t10k, test};
  const std::string images_path = find(folder, names, "-images", "idx3-ubyte");
  const std::string labels_path = find(folder, names, "-labels", "idx1-ubyte");
  LabelledImages set{load_images(images_path), load_labels(labels_path, options)};
  if (set.images.dim(0) != set.labels.dim(0))
    fail(operation, folder, ": ", set.images.dim(0), " images in ", images_path, " but ",
         set.labels.dim(0), " labels in ", labels_path);
  if (set.images.dim(0) == 0) fail(operation, images_path, ": there are no images");
  return set;
}

}  // namespace plumb::data
