#include <doctest/doctest.h>

#include <filesystem>
#include <memory>
#include <plumb/core.hpp>
#include <plumb/core/tensor/hash.hpp>
#include <plumb/data.hpp>
#include <thread>
#include <vector>

#include "../support.hpp"

using namespace plumb;
using data::StoredDataset;
using data::StoredRows;
using test::contains;
using test::error_of;
using test::idx;
using test::TemporaryFolder;

namespace {

// Rows [n, 3] whose elements are 0, 1, 2, ...
Tensor counted(std::int64_t n, DType dtype = DType::float32) {
  return Tensor::arange(3 * n).to(dtype).reshape({n, 3});
}

std::string save(const TemporaryFolder& folder, const std::string& name, const Tensor& x) {
  const std::string path = folder.path() + "/" + name;
  save_npy(path, x);
  return path;
}

// What is said of a file, behind its path.
template <class Open>
std::string refusal(const std::string& path, const Open& open) {
  const std::string error = error_of([&] { open(path); });
  const std::string start = "[StoredRows] " + path + ": ";
  REQUIRE(error.substr(0, start.size()) == start);
  return error.substr(start.size());
}

std::string safetensors(const std::string& header, const std::string& data) {
  std::string length(8, '\0');
  length[0] = static_cast<char>(header.size());
  return length + header + data;
}

}  // namespace

TEST_CASE("StoredRows: rows of .npy files of every type, in the order of the indices") {
  const TemporaryFolder folder;
  for (const DType dtype : {DType::float32, DType::float64, DType::int64, DType::uint8}) {
    const StoredRows rows = StoredRows::npy(save(folder, "x.npy", counted(9, dtype)));
    CHECK(rows.shape() == Shape{9, 3});
    CHECK(rows.dtype() == dtype);
    const Tensor some = rows.gather({8, 2, 3, 4, 0, 8});
    CHECK(some.dtype() == dtype);
    CHECK(some.shape() == Shape{6, 3});
    CHECK(
        some.to(DType::int64).to_vector<std::int64_t>() ==
        std::vector<std::int64_t>{24, 25, 26, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0, 1, 2, 24, 25, 26});
    CHECK(rows.gather({}).shape() == Shape{0, 3});
  }
  CHECK(StoredRows::npy(save(folder, "v.npy", Tensor::arange(4))).gather({3}).item<int>() == 3);
  CHECK(StoredRows::npy(save(folder, "e.npy", Tensor::zeros({2, 0}))).gather({1, 0}).shape() ==
        Shape{2, 0});
  CHECK(StoredRows::npy(save(folder, "n.npy", Tensor::zeros({0, 2}))).gather({}).shape() ==
        Shape{0, 2});
  const StoredRows rows = StoredRows::npy(save(folder, "x.npy", counted(2)));
  CHECK(error_of([&] { rows.gather({2}); }) == "[StoredRows] sample 2 is out of range [0, 2)");
}

TEST_CASE("StoredRows: rows of types that plumb has not are converted") {
  const TemporaryFolder folder;
  std::string content = test::read_file(save(folder, "i.npy", counted(3, DType::int64)));
  const Tensor all = load_npy(folder.path() + "/i.npy");
  std::string stored;
  for (const std::int64_t value : all.to_vector<std::int64_t>())
    for (const int shift : {24, 16, 8, 0}) stored += static_cast<char>(value >> shift & 255);
  content.replace(content.find("'<i8'"), 5, "'>i4'");
  content.resize(content.size() - all.bytes());
  const StoredRows rows = StoredRows::npy(folder.write("i.npy", content + stored));
  CHECK(rows.dtype() == DType::int64);
  CHECK(rows.shape() == all.shape());
  CHECK(rows.gather({2, 0}).to_vector<std::int64_t>() ==
        std::vector<std::int64_t>{6, 7, 8, 0, 1, 2});
}

TEST_CASE("StoredRows: what .npy files are refused for") {
  const TemporaryFolder folder;
  const auto open = [](const std::string& path) { StoredRows::npy(path); };
  CHECK(refusal("/nonexistent.npy", open) == "No such file or directory");
  CHECK(refusal(folder.write("no.npy", "text and more"), open) ==
        "is no array of NumPy: it does not begin with \\x93NUMPY");
  CHECK(refusal(save(folder, "s.npy", Tensor::scalar(1)), open) ==
        "expected rows [n, ...], the file holds a scalar");
  const std::string path = save(folder, "x.npy", counted(4));
  const std::string content = test::read_file(path);
  CHECK(contains(refusal(folder.write("short.npy", content.substr(0, content.size() - 1)), open),
                 "the header declares [4, 3] of float32 = 48 bytes, the file holds 47"));
  std::string fortran = content;
  fortran.replace(fortran.find("False"), 5, "True ");
  CHECK(contains(refusal(folder.write("f.npy", fortran), open), "is in Fortran's order"));
  std::string booleans = test::read_file(save(folder, "b.npy", counted(2, DType::uint8)));
  booleans.replace(booleans.find("|u1"), 3, "|b1");
  const StoredRows rows = StoredRows::npy(folder.write("b.npy", booleans));
  CHECK(contains(error_of([&] { rows.gather({0}); }), "the array is of booleans and holds 2"));
}

TEST_CASE("StoredRows: IDX files, converted as load_idx does") {
  const TemporaryFolder folder;
  std::string elements;
  for (int i = 0; i < 48; ++i) elements += static_cast<char>(i * 5);
  for (const auto& [type, bytes] : std::vector<std::pair<int, std::uint32_t>>{
           {8, 1}, {9, 1}, {11, 2}, {12, 4}, {13, 4}, {14, 8}}) {
    const std::string path = folder.write("x", idx(type, {48 / bytes / 2, 2}, elements));
    const Tensor whole = data::load_idx(path);
    const StoredRows rows = StoredRows::idx(path);
    CHECK(rows.shape() == whole.shape());
    CHECK(rows.dtype() == whole.dtype());
    const Tensor some = rows.gather({2, 0});
    CHECK(hash(some.rows(0, 1).clone()) == hash(whole.rows(2, 3).clone()));
    CHECK(hash(some.rows(1, 2).clone()) == hash(whole.rows(0, 1).clone()));
  }
  const auto open = [](const std::string& path) { StoredRows::idx(path); };
  CHECK(contains(refusal(folder.write("z", test::gzip(idx(8, {2}, "ab"))), open),
                 "is gzip, which cannot be read in place"));
  CHECK(contains(refusal(folder.write("s", idx(8, {3}, "ab")), open),
                 "header declares 3 = 3 bytes, file holds 2"));
  CHECK(contains(refusal(folder.write("t", "xxxx"), open), "not an IDX file"));
}

TEST_CASE("StoredRows: one tensor of a safetensors file") {
  const TemporaryFolder folder;
  StateDict state;
  state.set("x", counted(5));
  state.set("labels", Tensor::arange(5));
  state.set("scalar", Tensor::scalar(2));
  const std::string path = folder.path() + "/set.safetensors";
  save_safetensors(path, state);
  CHECK(StoredRows::safetensors(path, "x").gather({4, 1}).to_vector<float>() ==
        std::vector<float>{12, 13, 14, 3, 4, 5});
  CHECK(StoredRows::safetensors(path, "labels").gather({3}).item<int>() == 3);
  const auto open = [](const char* name) {
    return [name](const std::string& file) { StoredRows::safetensors(file, name); };
  };
  CHECK(contains(refusal(path, open("y")), "there is no tensor 'y', but '"));
  CHECK(refusal(path, open("scalar")) == "expected rows [n, ...], the file holds a scalar");
  CHECK(contains(refusal(folder.write("no", "text"), open("x")), "expected a safetensors header"));

  const std::string halves = folder.write(
      "halves", safetensors(R"({"b":{"dtype":"BOOL","shape":[2],"data_offsets":[8,10]},)"
                            R"("h":{"dtype":"F16","shape":[2,2],"data_offsets":[0,8]}})",
                            std::string("\0\x3c\0\x40\0\xc0\0\0\1\2", 10)));
  CHECK(contains(refusal(halves, open("h")), "HalfTensors::to_float32 would convert it"));
  CHECK(StoredRows::safetensors(halves, "h", HalfTensors::to_float32)
            .gather({1, 0})
            .to_vector<float>() == std::vector<float>{-2, 0, 1, 2});
  const StoredRows booleans = StoredRows::safetensors(halves, "b");
  CHECK(booleans.gather({0}).item<int>() == 1);
  CHECK(contains(error_of([&] { booleans.gather({1}); }), "tensor 'b' is BOOL and holds 2"));
}

TEST_CASE("StoredRows: a file that is shortened later is an error, and what is left can be read") {
  const TemporaryFolder folder;
  const std::string path = save(folder, "x.npy", counted(1000));
  const auto set = std::make_shared<StoredDataset>(StoredRows::npy(path));
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 12 * 500);
  CHECK(set->gather({499}).x.at({0, 2}) == 1499);
  CHECK(error_of([&] {
          set->gather({3, 500});
        }) == "[StoredRows] " + path + ": the file was shortened while it was read");
  data::LoaderOptions options;
  options.batch_size = 100;
  options.threads = 2;
  data::DataLoader loader(set, options);
  const std::string error = error_of([&] {
    for (const data::Batch& batch : loader) CHECK(batch.x.dim(0) == 100);
  });
  CHECK(contains(error, "[DataLoader] sample 500 (batch 5 of epoch 0): [StoredRows] " + path));
}

TEST_CASE("StoredDataset: what TensorDataset gives of the same tensors, from threads too") {
  const TemporaryFolder folder;
  Tensor images = Tensor::empty({200, 7, 5}, DType::uint8),
         labels = Tensor::empty({200}, DType::uint8);
  for (std::int64_t i = 0; i < images.numel(); ++i)
    images.mutable_data<std::uint8_t>()[i] = static_cast<std::uint8_t>(i * 37);
  for (std::int64_t i = 0; i < 200; ++i)
    labels.mutable_data<std::uint8_t>()[i] = static_cast<std::uint8_t>(i % 10);
  const data::ByteScaling scaling{DType::float64, 0.1, 0.3};
  const auto stored =
      std::make_shared<StoredDataset>(StoredRows::npy(save(folder, "x.npy", images)),
                                      StoredRows::npy(save(folder, "y.npy", labels)), scaling);
  const auto held = std::make_shared<data::TensorDataset>(images, labels, scaling);
  for (const int threads : {0, 3}) {
    data::LoaderOptions options;
    options.batch_size = 32;
    options.shuffle = true;
    options.threads = threads;
    data::DataLoader one(stored, options), other(held, options);
    auto expected = other.begin();
    for (const data::Batch& batch : one) {
      CHECK(hash(batch.x) == hash(expected->x));
      CHECK(hash(batch.y) == hash(expected->y));
      ++expected;
    }
  }
  CHECK(contains(error_of([&] {
                   StoredDataset(StoredRows::npy(folder.path() + "/x.npy"),
                                 StoredRows::npy(save(folder, "z.npy", Tensor::zeros({3}))));
                 }),
                 "[StoredDataset] x and y differ in length: [200, 7, 5] and [3]"));
  CHECK(contains(error_of([&] {
                   StoredDataset(StoredRows::npy(folder.path() + "/z.npy"), std::nullopt, scaling);
                 }),
                 "only uint8 features are scaled"));
  CHECK(error_of([&] { stored->gather({200}); }) ==
        "[StoredDataset] sample 200 is out of range [0, 200)");
}
