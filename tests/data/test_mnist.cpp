#include <doctest/doctest.h>

#include <filesystem>
#include <plumb/data.hpp>

#include "support.hpp"

using namespace plumb;
using plumb::test::error_of;
using plumb::test::gzip;
using plumb::test::idx;
using plumb::test::TemporaryFolder;

namespace {

std::string images(std::uint32_t n) { return idx(0x08, {n, 28, 28}, std::string(784 * n, '\x33')); }

std::string labels(const std::string& values) {
  return idx(0x08, {static_cast<std::uint32_t>(values.size())}, values);
}

std::string refusal_of_folder(const std::string& folder) {
  return error_of([&] { data::load_mnist(folder, data::Split::test); });
}

}  // namespace

TEST_CASE("load_mnist: finds both spellings, plain and zipped, by content") {
  struct Names {
    const char *images, *labels;
  };
  for (const Names& names : {Names{"t10k-images-idx3-ubyte", "t10k-labels.idx1-ubyte"},
                             Names{"t10k-images.idx3-ubyte", "t10k-labels-idx1-ubyte"},
                             Names{"t10k-images-idx3-ubyte.gz", "t10k-labels.idx1-ubyte.gz"},
                             Names{"t10k-images.idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"}}) {
    const TemporaryFolder folder;
    folder.write(names.images, gzip(images(2)));
    folder.write(names.labels, labels({4, 9}));
    const data::LabelledImages set = data::load_mnist(folder.path(), data::Split::test);
    CHECK(set.images.shape() == Shape{2, 28, 28});
    CHECK(set.labels.to_vector<std::uint8_t>() == std::vector<std::uint8_t>{4, 9});
    CHECK(set.dataset()->gather({1}).x.shape() == Shape{1, 784});
    CHECK(set.dataset()->gather({1}).x.at({0, 783}) == static_cast<float>(0.2));
  }
}

TEST_CASE("load_mnist: names the folder and the spellings it looked for") {
  const TemporaryFolder folder;
  CHECK(refusal_of_folder(folder.path() + "/none") ==
        "[load_mnist] " + folder.path() + "/none: No such file or directory");
  const std::string start = "[load_mnist] " + folder.path() + ": neither ";
  const std::string end = ", with or without .gz";
  CHECK(refusal_of_folder(folder.path()) ==
        start +
            "t10k-images-idx3-ubyte nor t10k-images.idx3-ubyte nor "
            "test-images-idx3-ubyte nor test-images.idx3-ubyte" +
            end);
  folder.write("t10k-images-idx3-ubyte", images(1));
  CHECK(refusal_of_folder(folder.path()) ==
        start +
            "t10k-labels-idx1-ubyte nor t10k-labels.idx1-ubyte nor "
            "test-labels-idx1-ubyte nor test-labels.idx1-ubyte" +
            end);
  const std::string file = folder.write("file", "");
  CHECK(refusal_of_folder(file) ==
        "[load_mnist] " + file + "/t10k-images-idx3-ubyte: Not a directory");
}

TEST_CASE("load_mnist: refuses labels of 10 and more, and unequal counts") {
  const TemporaryFolder folder;
  const std::string image_path = folder.write("t10k-images-idx3-ubyte", images(3));
  const std::string path = folder.write("t10k-labels-idx1-ubyte", labels({0, 10, 11}));
  CHECK(refusal_of_folder(folder.path()) ==
        "[load_mnist] " + path + ": label 10 of sample 1 is out of range [0, 10)");
  folder.write("t10k-labels-idx1-ubyte", labels({1, 2}));
  CHECK(refusal_of_folder(folder.path()) == "[load_mnist] " + folder.path() + ": 3 images in " +
                                                image_path + " but 2 labels in " + path);
}

TEST_CASE("load_mnist: files beside folders of their names, as archives are unpacked") {
  const TemporaryFolder folder;
  const auto make_folder = [&](const std::string& name) {
    std::filesystem::create_directory(folder.path() + "/" + name);
  };
  make_folder("t10k-images-idx3-ubyte");
  make_folder("t10k-labels-idx1-ubyte");
  CHECK(refusal_of_folder(folder.path()).find(": neither t10k-images-idx3-ubyte nor") !=
        std::string::npos);
  folder.write("t10k-images-idx3-ubyte/t10k-images-idx3-ubyte", images(2));
  folder.write("t10k-labels-idx1-ubyte/t10k-labels-idx1-ubyte", labels({1, 2}));
  CHECK(data::load_mnist(folder.path(), data::Split::test).images.dim(0) == 2);
  folder.write("t10k-images.idx3-ubyte", images(1));
  folder.write("t10k-labels.idx1-ubyte", labels({7}));
  CHECK(data::load_mnist(folder.path(), data::Split::test).labels.to_vector<std::uint8_t>() ==
        std::vector<std::uint8_t>{7});
}

TEST_CASE("load_mnist: EMNIST's names, and its letters from 1 on") {
  const TemporaryFolder folder;
  const data::MnistOptions letters{26, 1, "emnist-letters-"};
  const auto load = [&](const data::MnistOptions& options) {
    return data::load_mnist(folder.path(), data::Split::test, options);
  };
  const auto refused = [&](const data::MnistOptions& options) {
    return error_of([&] { load(options); });
  };
  folder.write("emnist-letters-test-images-idx3-ubyte.gz", gzip(images(3)));
  const std::string path =
      folder.write("emnist-letters-test-labels-idx1-ubyte.gz", gzip(labels({1, 26, 3})));
  CHECK(load(letters).labels.to_vector<std::uint8_t>() == std::vector<std::uint8_t>{0, 25, 2});
  CHECK(refused({25, 1, letters.prefix}) ==
        "[load_mnist] " + path + ": label 26 of sample 1 is out of range [1, 26)");
  CHECK(refused({26, 2, letters.prefix}) ==
        "[load_mnist] " + path + ": label 1 of sample 0 is out of range [2, 28)");
  CHECK(refused({0, 0, ""}) == "[load_mnist] classes must be in [1, 256], got 0");
  CHECK(refused({257, 0, ""}) == "[load_mnist] classes must be in [1, 256], got 257");
  CHECK(refused({10, -1, ""}) == "[load_mnist] first_label must be in [0, 255], got -1");
}

TEST_CASE("load_mnist: a set without images is refused") {
  const TemporaryFolder folder;
  const std::string path = folder.write("t10k-images-idx3-ubyte", images(0));
  folder.write("t10k-labels-idx1-ubyte", labels(""));
  CHECK(refusal_of_folder(folder.path()) == "[load_mnist] " + path + ": there are no images");
}

TEST_CASE("load_mnist: refuses files of another kind in the wanted place") {
  const TemporaryFolder folder;
  const std::string path = folder.write("t10k-images-idx3-ubyte", labels({1, 2, 3}));
  const std::string label_path = folder.write("t10k-labels-idx1-ubyte", images(1));
  CHECK(refusal_of_folder(folder.path()) ==
        "[load_mnist] " + path + ": expected images [n, 28, 28] of uint8, got [3] of uint8");
  folder.write("t10k-images-idx3-ubyte", images(1));
  CHECK(refusal_of_folder(folder.path()) ==
        "[load_mnist] " + label_path + ": expected labels [n] of uint8, got [1, 28, 28] of uint8");
}

TEST_CASE("load_mnist: the real one") {
  const std::string folder = plumb::test::real_data("mnist");
  if (folder.empty()) {
    MESSAGE("skipped: no folder mnist in $PLUMB_DATA or ../shared/data");
    return;
  }
  const data::LabelledImages train = data::load_mnist(folder, data::Split::train);
  const data::LabelledImages test = data::load_mnist(folder, data::Split::test);
  CHECK(train.images.shape() == Shape{60000, 28, 28});
  CHECK(test.labels.shape() == Shape{10000});
  const std::uint8_t* labels = train.labels.data<std::uint8_t>();
  CHECK(std::vector<int>(labels, labels + 5) == std::vector<int>{5, 0, 4, 1, 9});
  double sum = 0;
  for (std::int64_t i = 0; i < train.images.numel(); ++i)
    sum += train.images.data<std::uint8_t>()[i];
  CHECK(sum / 255 / static_cast<double>(train.images.numel()) == doctest::Approx(0.1306604762));
}
