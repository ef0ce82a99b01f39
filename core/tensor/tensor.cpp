#include "tensor.hpp"

#include <cstdio>
#include <cstring>
#include <limits>
#include <new>
#include <type_traits>

#include "../runtime/floating_point.hpp"
#include "../runtime/internal/fail.hpp"
#include "../runtime/parallel.hpp"
#include "../runtime/pool.hpp"
#include "internal/dispatch.hpp"

namespace plumb {
namespace {

using detail::TensorHeader;

// Up to here the elements stand behind the header in one block; beyond, a header in front would
// push blocks of a power of two into the next size class.
constexpr std::size_t inline_bytes = 2048;
constexpr std::size_t header_bytes = (sizeof(TensorHeader) + 63) / 64 * 64;

// What one thread copies or fills at a time.
constexpr std::int64_t grain = std::int64_t{1} << 17;

// Truncates towards zero; what does not fit becomes the nearest limit, NaN becomes 0.
template <class To, class From>
To converted(From x) {
  using Limits = std::numeric_limits<To>;
  constexpr bool narrows =
      std::is_integral_v<To> && (std::is_floating_point_v<From> || sizeof(From) > sizeof(To));
  if constexpr (narrows) {
    if (x != x) return 0;
    if (x <= static_cast<From>(Limits::min())) return Limits::min();
    if (x >= static_cast<From>(Limits::max())) return Limits::max();
  }
  return static_cast<To>(x);
}

std::size_t own_bytes(const TensorHeader& header) {
  return static_cast<std::size_t>(header.numel) * size_of(header.dtype);
}

}  // namespace

void detail::destroy(TensorHeader* header) noexcept {
  while (header != nullptr) {
    TensorHeader* owner = header->owner;
    std::size_t block_bytes = header_bytes;
    if (owner == nullptr) {
      const std::size_t bytes = own_bytes(*header);
      if (bytes <= inline_bytes) {
        block_bytes += bytes;
      } else {
        memory_pool::deallocate(header->data, bytes);
      }
    }
    header->~TensorHeader();
    memory_pool::deallocate(header, block_bytes);
    const bool last = owner != nullptr && owner->count.drop();
    header = last ? owner : nullptr;
  }
}

Tensor Tensor::empty(const Shape& shape, DType dtype) {
  const std::int64_t numel = shape.numel();
  std::int64_t bytes = 0;
  if (__builtin_mul_overflow(numel, static_cast<std::int64_t>(size_of(dtype)), &bytes))
    fail("allocate", shape, " of ", dtype, " exceeds 2^63 - 1 bytes");
  const std::size_t size = static_cast<std::size_t>(bytes);
  const bool together = size <= inline_bytes;
  auto* block =
      static_cast<std::byte*>(memory_pool::allocate(header_bytes + (together ? size : 0)));
  auto* header = new (block) TensorHeader;
  header->data = block + header_bytes;
  if (!together) {
    try {
      header->data = static_cast<std::byte*>(memory_pool::allocate(size));
    } catch (...) {
      memory_pool::deallocate(block, header_bytes);
      throw;
    }
  }
  header->dtype = dtype;
  header->numel = numel;
  header->shape = shape;
  return Tensor(header);
}

Tensor Tensor::zeros(const Shape& shape, DType dtype) { return full(shape, 0, dtype); }

Tensor Tensor::ones(const Shape& shape, DType dtype) { return full(shape, 1, dtype); }

Tensor Tensor::full(const Shape& shape, double value, DType dtype) {
  Tensor x = empty(shape, dtype);
  x.fill(value);
  return x;
}

Tensor Tensor::arange(std::int64_t n, DType dtype) {
  Tensor x = empty({n}, dtype);
  if (n > 0) check_number("Tensor::arange", static_cast<double>(n - 1), dtype);
  dispatch_all(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* data = x.mutable_data<T>();
    for (std::int64_t i = 0; i < n; ++i) data[i] = static_cast<T>(i);
  });
  return x;
}

Tensor Tensor::from_memory(const void* values, std::int64_t count, const Shape& shape,
                           DType dtype) {
  if (count != shape.numel())
    fail("Tensor::from", "shape ", shape, " takes ", shape.numel(), " values, got ", count);
  Tensor x = empty(shape, dtype);
  if (count > 0) std::memcpy(x.mutable_raw(), values, x.bytes());
  return x;
}

void Tensor::refuse_undefined() { fail("Tensor", "the tensor is undefined"); }

void Tensor::refuse_dtype(DType wanted) const {
  fail("Tensor::data", "asked for ", wanted, " of a tensor of ", dtype());
}

std::int64_t Tensor::offset_of(std::initializer_list<std::int64_t> index) const {
  if (static_cast<int>(index.size()) != rank())
    fail("Tensor::at", "expected ", rank(), " indices for shape ", shape(), ", got ",
         std::uint64_t{index.size()});
  std::int64_t offset = 0;
  int axis = 0;
  for (const std::int64_t i : index) {
    const std::int64_t size = shape()[axis++];
    if (i < 0 || i >= size)
      fail("Tensor::at", "index ", i, " is out of range [0, ", size, ") in shape ", shape());
    offset = offset * size + i;
  }
  return offset;
}

double Tensor::at(std::initializer_list<std::int64_t> index) const {
  const std::int64_t offset = offset_of(index);
  return dispatch_all(dtype(), [&](auto tag) {
    return static_cast<double>(data<typename decltype(tag)::type>()[offset]);
  });
}

void Tensor::refuse_item() const { fail("item", "expected one element, got shape ", shape()); }

Tensor Tensor::view(const Shape& shape, std::int64_t numel, std::byte* data) const {
  TensorHeader& root = header_->root();
  auto* header = new (memory_pool::allocate(header_bytes)) TensorHeader;
  root.count.add();
  header->owner = &root;
  header->data = data;
  header->dtype = dtype();
  header->numel = numel;
  header->shape = shape;
  return Tensor(header);
}

Tensor Tensor::reshape(const Shape& shape) const {
  if (shape == this->shape()) return *this;
  Shape wanted = shape;
  int inferred = -1;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (shape[axis] == -1 && inferred < 0) {
      inferred = axis;
      wanted[axis] = 1;
    } else if (shape[axis] < 0) {
      fail("reshape", "only one size may be -1, others not negative: ", shape);
    }
  }
  const std::int64_t known = wanted.numel();
  if (inferred >= 0) {
    if (known == 0 || numel() % known != 0)
      fail("reshape", "cannot infer the -1 in ", shape, " from ", this->shape());
    wanted[inferred] = numel() / known;
  } else if (known != numel()) {
    fail("reshape", this->shape(), " has ", numel(), " elements, ", shape, " has ", known);
  }
  return view(wanted, numel(), header_->data);
}

Tensor Tensor::rows(std::int64_t begin, std::int64_t end) const {
  if (rank() == 0) fail("rows", "a tensor of rank 0 has no leading axis");
  if (begin < 0 || end < begin || end > shape()[0])
    fail("rows", "range [", begin, ", ", end, ") does not lie in [0, ", shape()[0], ")");
  Shape rest = shape();
  rest[0] = end - begin;
  const std::int64_t row = shape().numel(1, rank());
  const std::size_t offset = static_cast<std::size_t>(begin * row) * size_of(dtype());
  return view(rest, (end - begin) * row, header_->data + offset);
}

Tensor Tensor::operator[](std::int64_t i) const {
  if (rank() == 0) fail("operator[]", "a tensor of rank 0 has no leading axis");
  const std::int64_t size = shape()[0];
  if (i < -size || i >= size)
    fail("operator[]", "index ", i, " is out of range [", -size, ", ", size, ") in ", shape());
  const std::int64_t row = i < 0 ? i + size : i;
  Shape rest;
  for (int axis = 1; axis < rank(); ++axis) rest.push_back(shape()[axis]);
  return rows(row, row + 1).reshape(rest);
}

Tensor Tensor::clone() const {
  Tensor copy = empty(shape(), dtype());
  copy.copy_from(*this);
  return copy;
}

Tensor Tensor::to(DType wanted) const {
  if (wanted == dtype()) return *this;
  const detail::FloatingPointMode mode;
  Tensor result = empty(shape(), wanted);
  dispatch_all(dtype(), [&](auto from_tag) {
    dispatch_all(wanted, [&](auto to_tag) {
      using From = typename decltype(from_tag)::type;
      using To = typename decltype(to_tag)::type;
      const From* from = data<From>();
      To* to = result.mutable_data<To>();
      parallel_for(numel(), grain, [=](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) to[i] = converted<To>(from[i]);
      });
    });
  });
  return result;
}

void Tensor::fill(double value) {
  check_number("fill", value, dtype());
  const detail::FloatingPointMode mode;
  dispatch_all(dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* to = mutable_data<T>();
    const T constant = static_cast<T>(value);
    parallel_for(numel(), grain, [=](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) to[i] = constant;
    });
  });
}

void Tensor::copy_from(const Tensor& source) {
  if (source.shape() != shape() || source.dtype() != dtype())
    fail("copy_from", "expected ", shape(), " of ", dtype(), ", got ", source.shape(), " of ",
         source.dtype());
  const std::byte* from = source.raw();
  std::byte* to = mutable_raw();
  if (from == to) return;
  parallel_for(static_cast<std::int64_t>(bytes()), 4 * grain,
               [=](std::int64_t begin, std::int64_t end) {
                 std::memmove(to + begin, from + begin, static_cast<std::size_t>(end - begin));
               });
}

std::string to_string(const Tensor& x) {
  if (!x.defined()) return "Tensor(undefined)";
  constexpr std::int64_t edge = 8;
  const Tensor flat = x.reshape({x.numel()});
  std::string out = text("Tensor(", x.shape(), " ", x.dtype(), ": ");
  for (std::int64_t i = 0; i < x.numel(); ++i) {
    if (i > 0) out += ", ";
    if (i == edge && x.numel() > 2 * edge) {
      out += "..., ";
      i = x.numel() - edge;
    }
    if (x.dtype() == DType::int64) {
      append_text(out, flat.data<std::int64_t>()[i]);
    } else if (x.dtype() == DType::float32) {  // printed as such: 0.1, not 0.10000000149011612
      char buffer[32];
      std::snprintf(buffer, sizeof buffer, "%.7g", flat.at({i}));
      out += buffer;
    } else {
      append_text(out, flat.at({i}));
    }
  }
  return out + ")";
}

}  // namespace plumb
