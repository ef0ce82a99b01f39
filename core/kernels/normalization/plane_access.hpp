// Where a kernel that goes through a tensor plane by plane reads and writes: the tensor as it stands, or through a
// pooling of 2 x 2, whose larger side is then never stored.
#pragma once

#include <cstdint>

#include "../../tensor/tensor.hpp"
#include "../pooling/pool_2x2.hpp"

namespace plumb::kernel {

/// Memory for so many elements, perhaps none.
template <class T>
class Room {
 public:
  explicit Room(std::int64_t elements) {
    if (elements > 0) memory_ = Tensor::empty({elements}, dtype_of<T>);
  }
  T* data() { return memory_.defined() ? memory_.template mutable_data<T>() : nullptr; }

 private:
  Tensor memory_;
};

// In all of these `at` is the number of a plane's first element in the whole tensor, and `room` memory for as many
// elements as room() says.

/// Elements that stand where they are.
template <class T>
struct Elements {
  const T* data;

  static std::int64_t room() { return 0; }
  PLUMB_INLINE const T* from(std::int64_t at, T*) const { return data + at; }
};

/// What a pooling gives back to the planes that went into it.
template <class T>
struct PooledElements {
  const T* g;
  const std::uint8_t* places;
  PlaneWindows windows;

  explicit PooledElements(const PooledGradient& from)
      : g(from.g.data<T>()), places(from.places.data<std::uint8_t>()), windows(from.windows) {}
  std::int64_t room() const { return windows.in_size(); }
  const T* from(std::int64_t at, T* room) const {
    const std::int64_t pooled = at / windows.in_size() * windows.out_size();
    max_pool_2x2_into(1, windows, g + pooled, places + pooled, room);
    return room;
  }
};

/// Results that are stored as they are.
template <class T>
struct Stored {
  T* data;

  static std::int64_t room() { return 0; }
  PLUMB_INLINE T* to(std::int64_t at, T*) const { return data + at; }
  PLUMB_INLINE void done(std::int64_t, const T*) const {}
};

/// Planes of results of which the largest of each window are stored, and their places.
template <class T>
struct StoredPooled {
  T* y;
  std::uint8_t* places;
  PlaneWindows windows;

  std::int64_t room() const { return windows.in_size(); }
  T* to(std::int64_t, T* room) const { return room; }
  void done(std::int64_t at, const T* room) const {
    const std::int64_t pooled = at / windows.in_size() * windows.out_size();
    max_pool_2x2(1, windows, room, y + pooled, places + pooled);
  }
};

}  // namespace plumb::kernel
