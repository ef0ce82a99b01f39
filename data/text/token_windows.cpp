#include "token_windows.hpp"

#include <algorithm>
#include <utility>

#include "../../core/runtime/internal/fail.hpp"

namespace plumb::data {
namespace {

const Tensor& checked(const char* operation, const Tensor& ids, std::int64_t length) {
  if (!ids.defined()) fail(operation, "the ids are undefined");
  if (ids.rank() != 1 || is_floating(ids.dtype()))
    fail(operation, "expected ids [tokens] of int64 or uint8, got ", ids.shape(), " of ",
         ids.dtype());
  if (length < 1) fail(operation, "a window must have at least 1 token, got ", length);
  return ids;
}

template <class T>
void copy_tokens(const T* from, std::int64_t length, std::int64_t* x, std::int64_t* y) {
  std::copy(from, from + length, x);
  std::copy(from + 1, from + 1 + length, y);
}

// The windows that begin at start(index).
template <class Start>
Batch gather_windows(const Tensor& ids, std::int64_t length, Indices indices, Start start) {
  const Shape shape{indices.size(), length};
  Batch batch{Tensor::empty(shape, DType::int64), Tensor::empty(shape, DType::int64)};
  std::int64_t* x = batch.x.mutable_data<std::int64_t>();
  std::int64_t* y = batch.y.mutable_data<std::int64_t>();
  for (const std::int64_t index : indices) {
    if (ids.dtype() == DType::int64)
      copy_tokens(ids.data<std::int64_t>() + start(index), length, x, y);
    else
      copy_tokens(ids.data<std::uint8_t>() + start(index), length, x, y);
    x += length;
    y += length;
  }
  return batch;
}

}  // namespace

TokenWindows::TokenWindows(Tensor ids, std::int64_t length, std::int64_t stride)
    : ids_(std::move(ids)), length_(length), stride_(stride) {
  constexpr const char* operation = "TokenWindows";
  const std::int64_t tokens = checked(operation, ids_, length).numel();
  if (stride < 1) fail(operation, "stride must be at least 1, got ", stride);
  if (length >= tokens)
    fail(operation, "a window of ", length, " tokens and the one behind it do not fit into ",
         tokens);
  size_ = (tokens - 1 - length) / stride + 1;
}

Batch TokenWindows::gather(Indices indices) const {
  indices.check("TokenWindows", size());
  return gather_windows(ids_, length_, indices, [this](std::int64_t i) { return i * stride_; });
}

TokenStreams::TokenStreams(Tensor ids, std::int64_t streams, std::int64_t length)
    : ids_(std::move(ids)), streams_(streams), length_(length) {
  constexpr const char* operation = "TokenStreams";
  const std::int64_t tokens = checked(operation, ids_, length).numel();
  if (streams < 1) fail(operation, "there must be at least 1 stream, got ", streams);
  row_ = std::max<std::int64_t>(tokens - 1, 0) / streams;
  windows_ = row_ / length;
  if (windows_ == 0)
    fail(operation, tokens, " tokens in ", streams, " streams are ", row_,
         " each with one behind them, a window has ", length);
}

Batch TokenStreams::gather(Indices indices) const {
  indices.check("TokenStreams", size());
  return gather_windows(ids_, length_, indices, [this](std::int64_t i) {
    return i % streams_ * row_ + i / streams_ * length_;
  });
}

LoaderOptions TokenStreams::loader_options() const {
  LoaderOptions options;
  options.batch_size = streams_;
  return options;
}

}  // namespace plumb::data
