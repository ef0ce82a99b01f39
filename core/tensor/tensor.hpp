// Tensor: a handle on a pooled, contiguous, row-major buffer with a run-time element type.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "../runtime/reference_count.hpp"
#include "dtype.hpp"
#include "shape.hpp"

namespace plumb {

namespace detail {

// The shared part of a tensor. A view has an owner, whose memory it uses; an owner's memory stands
// behind this header (small tensors) or in a block of its own.
struct TensorHeader {
  ReferenceCount count;
  DType dtype = DType::float32;
  std::atomic<bool> gradient{false};      // of the owner: see note_gradient
  std::atomic<std::uint32_t> version{0};  // of the owner: one for all views
  std::int64_t numel = 0;
  std::byte* data = nullptr;
  TensorHeader* owner = nullptr;
  Shape shape;

  TensorHeader& root() { return owner != nullptr ? *owner : *this; }
};

void destroy(TensorHeader* header) noexcept;

}  // namespace detail

/// An n-dimensional array of float32, float64, int64 or uint8.
///
/// Copying a Tensor shares its memory; clone() copies it. `reshape` and slices of the leading axis
/// are views: they share memory too. Everything else makes a new tensor. A default-constructed
/// Tensor is undefined: it has no memory, and asking it for more than `defined()` throws.
class Tensor {
 public:
  Tensor() = default;
  Tensor(const Tensor& other) noexcept : header_(other.header_) {
    if (header_ != nullptr) header_->count.add();
  }
  Tensor(Tensor&& other) noexcept : header_(std::exchange(other.header_, nullptr)) {}
  Tensor& operator=(Tensor other) noexcept {
    std::swap(header_, other.header_);
    return *this;
  }
  ~Tensor() {
    if (header_ != nullptr && header_->count.drop()) detail::destroy(header_);
  }

  /// Memory is not initialised. Throws for negative sizes, for counts beyond 2^63 - 1 and when the
  /// system has no memory (with the number of bytes).
  static Tensor empty(const Shape& shape, DType dtype = DType::float32);
  static Tensor zeros(const Shape& shape, DType dtype = DType::float32);
  static Tensor ones(const Shape& shape, DType dtype = DType::float32);
  static Tensor full(const Shape& shape, double value, DType dtype = DType::float32);
  /// A tensor of rank 0.
  static Tensor scalar(double value, DType dtype = DType::float32) {
    return full({}, value, dtype);
  }
  /// 0, 1, ..., n - 1. Throws where an integer type cannot hold them.
  static Tensor arange(std::int64_t n, DType dtype = DType::int64);
  /// Copies `values` in row-major order; their number must be that of `shape`. The element type is
  /// that of the values: {1.0f} is float32, {1.0} float64, {1} and other integers int64; bool and
  /// std::uint8_t are uint8.
  template <class T>
  static Tensor from(const std::vector<T>& values, const Shape& shape) {
    return from_list<T>(values, shape);
  }
  template <class T>
  static Tensor from(const std::vector<T>& values) {
    return from(values, {static_cast<std::int64_t>(values.size())});
  }
  template <class T>
  static Tensor from(std::initializer_list<T> values, const Shape& shape) {
    return from_list<T>(values, shape);
  }
  template <class T>
  static Tensor from(std::initializer_list<T> values) {
    return from(values, {static_cast<std::int64_t>(values.size())});
  }

  bool defined() const { return header_ != nullptr; }
  DType dtype() const { return header().dtype; }
  const Shape& shape() const& { return header().shape; }
  Shape shape() && { return header().shape; }
  int rank() const { return shape().rank(); }
  std::int64_t numel() const { return header().numel; }
  std::size_t bytes() const { return static_cast<std::size_t>(numel()) * size_of(dtype()); }
  /// Size of an axis; negative axes count from the last.
  std::int64_t dim(int axis) const { return shape()[normalize_axis("dim", axis, rank())]; }

  // Pointers are valid as long as a handle on the memory lives, and a temporary may be the only one:
  // it gives none. Name the tensor first.

  /// The elements, row-major. Throws when T is not the tensor's element type.
  template <class T>
  const T* data() const& {
    check_dtype(dtype_of<T>);
    return reinterpret_cast<const T*>(header_->data);
  }
  template <class T>
  const T* data() const&& = delete;
  /// The elements to be written: counts as a change for values saved for backward.
  template <class T>
  T* mutable_data() & {
    check_dtype(dtype_of<T>);
    bump_version();
    return reinterpret_cast<T*>(header_->data);
  }
  template <class T>
  T* mutable_data() && = delete;
  const std::byte* raw() const& { return header().data; }
  const std::byte* raw() const&& = delete;
  std::byte* mutable_raw() & {
    bump_version();
    return header_->data;
  }
  std::byte* mutable_raw() && = delete;

  /// The only element, converted. Throws unless numel() is 1.
  template <class T = double>
  T item() const {
    if (numel() != 1) refuse_item();
    switch (dtype()) {
      case DType::float32:
        return static_cast<T>(*data<float>());
      case DType::float64:
        return static_cast<T>(*data<double>());
      case DType::int64:
        return static_cast<T>(*data<std::int64_t>());
      default:
        return static_cast<T>(*data<std::uint8_t>());
    }
  }
  /// One element as a double, for tests and printing. Throws when out of range.
  double at(std::initializer_list<std::int64_t> index) const;
  /// All elements, row-major. Throws when T is not the element type.
  template <class T>
  std::vector<T> to_vector() const {
    return std::vector<T>(data<T>(), data<T>() + numel());
  }

  /// A view with another shape; one size may be -1 and is inferred. Throws "[reshape] ..." when the
  /// counts differ.
  Tensor reshape(const Shape& shape) const;
  /// A view of rows [begin, end) of the leading axis, 0 <= begin <= end <= dim(0).
  Tensor rows(std::int64_t begin, std::int64_t end) const;
  /// A view of row i of the leading axis, without that axis: x[1] of [4, 3] is [3]. A negative i
  /// counts from the end.
  Tensor operator[](std::int64_t i) const;
  /// A copy with memory of its own.
  Tensor clone() const;
  /// The same values in another element type; the tensor itself where it has that type already.
  /// Integers are truncated towards zero; a value that does not fit becomes the nearest limit, NaN
  /// 0.
  Tensor to(DType dtype) const;

  /// In place. Sets every element. Throws for a number that an integer type cannot hold.
  void fill(double value);
  /// In place. Copies the elements of a tensor of the same shape and element type.
  void copy_from(const Tensor& source);

  /// Number of changes in place so far, counted for all views of the memory together.
  std::uint32_t version() const { return header().root().version.load(std::memory_order_relaxed); }
  void bump_version() {
    std::atomic<std::uint32_t>& version = header().root().version;
    version.store(version.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  /// For the checks (runtime/checks.hpp): notes that this memory holds a gradient without a graph, or
  /// what was computed from one.
  void note_gradient() { header().root().gradient.store(true, std::memory_order_relaxed); }
  bool noted_as_gradient() const {
    return header().root().gradient.load(std::memory_order_relaxed);
  }
  /// Whether no other handle or view can see this memory.
  bool unique() const {
    return header().count.is_one() && (header_->owner == nullptr || header_->owner->count.is_one());
  }
  /// Whether both are the same handle (not: hold equal values).
  bool same_as(const Tensor& other) const { return header_ == other.header_; }

 private:
  explicit Tensor(detail::TensorHeader* header) : header_(header) {}
  static Tensor from_memory(const void* values, std::int64_t count, const Shape& shape,
                            DType dtype);
  template <class T, class List>
  static Tensor from_list(const List& values, const Shape& shape) {
    using Element = typename detail::ElementFor<T>::type;
    static_assert(detail::is_element<Element>,
                  "Tensor::from takes float, double, bool and integers that fit into std::int64_t");
    if constexpr (!detail::is_element<Element>) {
      return Tensor();
    } else if constexpr (std::is_same_v<T, Element>) {
      return from_memory(std::data(values), static_cast<std::int64_t>(values.size()), shape,
                         dtype_of<T>);
    } else {
      return from(std::vector<Element>(values.begin(), values.end()), shape);
    }
  }
  detail::TensorHeader& header() const {
    if (header_ == nullptr) refuse_undefined();
    return *header_;
  }
  [[noreturn]] static void refuse_undefined();
  [[noreturn]] void refuse_item() const;
  std::int64_t offset_of(std::initializer_list<std::int64_t> index) const;
  void check_dtype(DType wanted) const {
    if (wanted != dtype()) refuse_dtype(wanted);
  }
  [[noreturn]] void refuse_dtype(DType wanted) const;
  Tensor view(const Shape& shape, std::int64_t numel, std::byte* data) const;

  detail::TensorHeader* header_ = nullptr;
};

/// Shape, element type and values, shortened in the middle when long.
std::string to_string(const Tensor& x);

}  // namespace plumb
