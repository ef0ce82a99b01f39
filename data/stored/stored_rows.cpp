#include "stored_rows.hpp"

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "../../core/io/internal/half.hpp"
#include "../../core/io/internal/input_file.hpp"
#include "../../core/io/internal/npy_header.hpp"
#include "../../core/io/internal/safetensors_header.hpp"
#include "../../core/runtime/error.hpp"
#include "../internal/idx_header.hpp"

namespace plumb::data {
namespace {

constexpr const char* operation = "StoredRows";

using plumb::detail::InputFile;
using plumb::detail::Origin;
using plumb::detail::StoredTensor;

// Makes elements as they are stored, uint8 [bytes], into rows of the shape.
using Convert = std::function<Tensor(const Tensor& bytes, const Shape& shape)>;

// Rows in a row of the file that lie in a row in the result too.
struct Run {
  std::int64_t row, place, count;
};

// The runs of a batch, in the order of the file.
std::vector<Run> find_runs(Indices indices) {
  std::vector<std::int64_t> order = all_indices(indices.size());
  std::stable_sort(order.begin(), order.end(),
                   [&](std::int64_t a, std::int64_t b) { return indices[a] < indices[b]; });
  std::vector<Run> runs;
  for (const std::int64_t place : order) {
    if (!runs.empty()) {
      Run& last = runs.back();
      if (indices[place] == last.row + last.count && place == last.place + last.count) {
        ++last.count;
        continue;
      }
    }
    runs.push_back({indices[place], place, 1});
  }
  return runs;
}

template <float (*widen)(std::uint16_t)>
Tensor widened(const Tensor& bytes, const Shape& shape) {
  Tensor result = Tensor::empty(shape);
  const auto* from = reinterpret_cast<const std::uint16_t*>(bytes.raw());
  std::transform(from, from + result.numel(), result.mutable_data<float>(), widen);
  return result;
}

}  // namespace

struct StoredRows::File {
  std::unique_ptr<InputFile> file;
  Shape shape;
  DType dtype = DType::float32;
  std::uint64_t begin = 0;      // of the first row, in the file
  std::uint64_t row_bytes = 0;  // as stored
  Convert convert = nullptr;    // null: elements are stored as they are wanted
  std::function<void(const Tensor&)> check = nullptr;

  std::uint64_t at(std::int64_t row) const {
    return begin + static_cast<std::uint64_t>(row) * row_bytes;
  }
  Tensor gather(Indices indices) const;
  void read(Indices indices, std::byte* to) const;
};

namespace {

std::unique_ptr<InputFile> open(const std::string& path) {
  return std::make_unique<InputFile>(Origin{operation, path});
}

std::uint64_t row_bytes(const Origin& origin, const Shape& shape, std::uint64_t bytes) {
  if (shape.rank() == 0) origin.refuse("expected rows [n, ...], the file holds a scalar");
  return shape[0] > 0 ? bytes / static_cast<std::uint64_t>(shape[0]) : 0;
}

const StoredTensor& find_tensor(const Origin& origin, const std::vector<StoredTensor>& tensors,
                                const std::string& name) {
  std::string names;
  for (const StoredTensor& tensor : tensors) {
    if (tensor.name == name) return tensor;
    names += (names.empty() ? "'" : ", '") + tensor.name + "'";
  }
  origin.refuse("there is no tensor '", name, "', but ", names.empty() ? "none at all" : names);
}

}  // namespace

StoredRows StoredRows::npy(const std::string& path) {
  auto stored = std::make_shared<File>();
  stored->file = open(path);
  InputFile& file = *stored->file;
  const Origin origin = file.origin();
  return origin.named([&] {
    const plumb::detail::NpyArray array = plumb::detail::read_npy_array(
        origin, file.size(), [&](void* to, std::uint64_t count) { file.read(to, count); });
    if (array.header.fortran_order && array.header.shape.rank() > 1)
      origin.refuse(
          "is in Fortran's order, whose rows do not lie together; save "
          "numpy.ascontiguousarray of it");
    stored->shape = array.header.shape;
    stored->dtype = array.type.dtype;
    stored->convert = array.type.convert;
    stored->begin = file.size() - array.bytes;
    stored->row_bytes = row_bytes(origin, array.header.shape, array.bytes);
    if (array.type.is_bool)
      stored->check = [origin](const Tensor& rows) {
        plumb::detail::check_npy_booleans(origin, rows);
      };
    return StoredRows(stored);
  });
}

StoredRows StoredRows::idx(const std::string& path) {
  auto stored = std::make_shared<File>();
  stored->file = open(path);
  const Origin& origin = stored->file->origin();
  return origin.named([&] {
    const auto source = detail::open_bytes(operation, path);
    if (source->compressed())
      origin.refuse("is gzip, which cannot be read in place; gunzip it, or load it with load_idx");
    const detail::IdxHeader header = detail::read_idx_header(*source, operation, path);
    detail::check_idx_size(*source, header, operation, path);
    stored->shape = header.shape;
    stored->dtype = header.type.dtype;
    stored->begin = static_cast<std::uint64_t>(header.length());
    stored->row_bytes = row_bytes(origin, header.shape, static_cast<std::uint64_t>(header.bytes));
    if (header.type.dtype != DType::uint8)
      stored->convert = [type = header.type](const Tensor& bytes, const Shape& shape) {
        return detail::idx_elements(bytes, type, shape);
      };
    return StoredRows(stored);
  });
}

StoredRows StoredRows::safetensors(const std::string& path, const std::string& name,
                                   HalfTensors half) {
  auto stored = std::make_shared<File>();
  stored->file = open(path);
  InputFile& file = *stored->file;
  const Origin origin = file.origin();
  return origin.named([&] {
    const std::string text = plumb::detail::read_safetensors_header(file);
    const auto header = plumb::detail::parse_safetensors_header(origin, text, file.left());
    const StoredTensor& tensor = find_tensor(origin, header.tensors, name);
    const bool is_half = tensor.type == "F16" || tensor.type == "BF16";
    if (is_half && half == HalfTensors::refuse)
      origin.refuse("tensor '", name, "' is of type ", tensor.type,
                    "; HalfTensors::to_float32 would convert it");
    stored->shape = tensor.shape;
    stored->dtype = plumb::detail::loaded_dtype(tensor.type);
    stored->begin = file.size() - file.left() + tensor.begin;
    stored->row_bytes = row_bytes(origin, tensor.shape, tensor.bytes());
    if (tensor.type == "F16") stored->convert = widened<plumb::detail::from_float16>;
    if (tensor.type == "BF16") stored->convert = widened<plumb::detail::from_bfloat16>;
    if (tensor.type == "BOOL")
      stored->check = [origin, name](const Tensor& rows) {
        const std::uint8_t* value = rows.data<std::uint8_t>();
        for (std::int64_t i = 0; i < rows.numel(); ++i)
          if (value[i] > 1) origin.refuse("tensor '", name, "' is BOOL and holds ", int{value[i]});
      };
    return StoredRows(stored);
  });
}

Shape StoredRows::shape() const { return file_->shape; }
DType StoredRows::dtype() const { return file_->dtype; }

Tensor StoredRows::gather(Indices indices) const {
  indices.check(operation, rows());
  return file_->gather(indices);
}

Tensor StoredRows::File::gather(Indices indices) const {
  Shape batch = shape;
  batch[0] = indices.size();
  if (convert) {
    Tensor bytes =
        Tensor::empty({indices.size() * static_cast<std::int64_t>(row_bytes)}, DType::uint8);
    read(indices, bytes.mutable_raw());
    return convert(bytes, batch);
  }
  Tensor result = Tensor::empty(batch, dtype);
  read(indices, result.mutable_raw());
  if (check) check(result);
  return result;
}

void StoredRows::File::read(Indices indices, std::byte* to) const {
  if (row_bytes == 0) return;
  const std::vector<Run> runs = find_runs(indices);
  const auto bytes = [&](const Run& run) {
    return static_cast<std::uint64_t>(run.count) * row_bytes;
  };
  // Of one run the system fetches what follows by itself.
  if (runs.size() > 1)
    for (const Run& run : runs) file->will_read(bytes(run), at(run.row));
  for (const Run& run : runs)
    file->read_at(to + static_cast<std::uint64_t>(run.place) * row_bytes, bytes(run), at(run.row));
}

}  // namespace plumb::data
