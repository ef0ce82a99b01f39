// What a step of shards does to the model itself: its random streams and its buffers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "../../core/runtime/internal/fail.hpp"
#include "../sharded_gradient.hpp"

namespace plumb::nn {
namespace detail {

inline bool same_bits(const Tensor& a, const Tensor& b) {
  return std::memcmp(a.raw(), b.raw(), a.bytes()) == 0;
}

// to = weight (after - before). What has not changed gives 0, though it be infinite.
template <class T>
void take_difference(Tensor& to, std::int64_t begin, const Tensor& after, const Tensor& before,
                     double weight) {
  const T *now = after.data<T>(), *then = before.data<T>();
  T* out = to.mutable_data<T>() + begin;
  for (std::int64_t i = 0; i < after.numel(); ++i)
    if (std::memcmp(now + i, then + i, sizeof(T)) != 0)
      out[i] = static_cast<T>(weight) * (now[i] - then[i]);
}

template <class T>
Tensor moved_by(const Tensor& before, const Tensor& differences, std::int64_t begin) {
  Tensor moved = before.clone();
  T* out = moved.mutable_data<T>();
  const T* by = differences.data<T>() + begin;
  for (std::int64_t i = 0; i < moved.numel(); ++i)
    if (by[i] != 0) out[i] += by[i];
  return moved;
}

}  // namespace detail

// The model's random streams during a step: a fork for each shard, and at the end all as after those
// forks, or after a throw as before them.
class ShardedGradient::Streams {
 public:
  Streams(const std::vector<NamedGenerator>& generators, std::int64_t shards)
      : streams_(generators) {
    for (const NamedGenerator& stream : streams_) before_.push_back(*stream.generator);
    end_ = before_;
    for (Generator& end : end_)
      end.set_position(end.position() + static_cast<std::uint64_t>(shards));
  }
  ~Streams() {
    const std::vector<Generator>& last = kept_ ? end_ : before_;
    for (std::size_t i = 0; i < last.size(); ++i) *streams_[i].generator = last[i];
  }
  Streams(const Streams&) = delete;
  Streams& operator=(const Streams&) = delete;

  void enter(std::int64_t shard) {
    for (std::size_t i = 0; i < before_.size(); ++i) {
      Generator forking = before_[i];
      forking.set_position(forking.position() + static_cast<std::uint64_t>(shard));
      *streams_[i].generator = forking.fork();
    }
  }
  void keep() { kept_ = true; }

 private:
  const std::vector<NamedGenerator>& streams_;
  std::vector<Generator> before_, end_;
  bool kept_ = false;
};

// The model's buffers during a step: each shard begins with the values before it, which also come
// back after a throw.
class ShardedGradient::Values {
 public:
  explicit Values(const std::vector<Buffer>& buffers) : buffers_(buffers) {
    for (const Buffer& buffer : buffers_) {
      held_.push_back(buffer.variable.value());
      before_.push_back(held_.back().clone());
    }
  }
  ~Values() {
    for (std::size_t i = 0; i < before_.size(); ++i)
      if (!kept_) set(i, before_[i]);
  }
  Values(const Values&) = delete;
  Values& operator=(const Values&) = delete;

  // What a shard has left, undefined where it is as before; then all are as before.
  std::vector<Tensor> take() {
    std::vector<Tensor> after(buffers_.size());
    for (std::size_t i = 0; i < after.size(); ++i) {
      const Tensor& now = buffers_[i].variable.value();
      if (now.shape() != before_[i].shape() || now.dtype() != before_[i].dtype())
        fail("ShardedGradient", "buffer '", buffers_[i].name, "' was ", before_[i].shape(), " of ",
             before_[i].dtype(), " and became ", now.shape(), " of ", now.dtype());
      if (detail::same_bits(now, before_[i])) continue;
      after[i] = now.clone();
      set(i, before_[i]);
    }
    return after;
  }
  const Tensor& before(std::size_t i) const { return before_[i]; }
  void set(std::size_t i, const Tensor& value) {
    held_[i].copy_from(value);
    Variable variable = buffers_[i].variable;
    if (!variable.value().same_as(held_[i])) variable.set_value(held_[i]);
  }
  void keep() { kept_ = true; }

  // Adds to `into` how shard `shard` has changed the buffers that have a place.
  void take_differences(const std::vector<Tensor>& after, const std::vector<Place>& places,
                        double weight, bool first, std::vector<Tensor>& into) const {
    for (std::size_t i = 0; i < after.size(); ++i) {
      if (places[i].size == 0 || !after[i].defined()) continue;
      Tensor& to = into[places[i].tensor];
      if (places[i].tensor == 0)
        detail::take_difference<float>(to, places[i].begin, after[i], before_[i], weight);
      else if (places[i].tensor == 1)
        detail::take_difference<double>(to, places[i].begin, after[i], before_[i], weight);
      else if (first)
        detail::take_difference<std::int64_t>(to, places[i].begin, after[i].to(DType::int64),
                                              before_[i].to(DType::int64), 1);
    }
  }
  void move_by(const std::vector<Place>& places, const std::vector<Tensor>& total) {
    for (std::size_t i = 0; i < places.size(); ++i) {
      if (places[i].size == 0) continue;
      const Tensor& by = total[places[i].tensor];
      if (places[i].tensor == 0)
        set(i, detail::moved_by<float>(before_[i], by, places[i].begin));
      else if (places[i].tensor == 1)
        set(i, detail::moved_by<double>(before_[i], by, places[i].begin));
      else
        set(i, detail::moved_by<std::int64_t>(before_[i].to(DType::int64), by, places[i].begin)
                   .to(before_[i].dtype()));
    }
  }

 private:
  const std::vector<Buffer>& buffers_;
  std::vector<Tensor> held_, before_;
  bool kept_ = false;
};

}  // namespace plumb::nn
