// The header of a .npy file: a Python dict with the element type, the order and the shape.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "../../tensor/tensor.hpp"
#include "npy_type.hpp"
#include "origin.hpp"

namespace plumb::detail {

struct NpyHeader {
  std::string descr;           // "<f4"
  bool fortran_order = false;  // the first axis runs fastest
  Shape shape;
};

// An array in a file: what its header declares, and how many bytes its elements take there.
struct NpyArray {
  NpyHeader header;
  NpyType type;
  std::uint64_t bytes;
};

// Parses the dict: its three keys once each, in any order, and nothing but spaces behind it.
NpyHeader parse_npy_header(const Origin& origin, std::string_view text);

// Everything in front of the elements of x: magic, version 1.0, length, dict, padded to 64 bytes.
std::string npy_prefix(const Tensor& x);

// Reads what stands in front of the elements of an array of `size` bytes, whose next bytes
// `read(to, count)` gives or throws. The size that the header declares is compared with what is left.
// Throws UnknownNpyType for elements of a type that plumb has none for.
NpyArray read_npy_array(const Origin& origin, std::uint64_t size,
                        const std::function<void(void*, std::uint64_t)>& read);

// Throws where an array of booleans holds anything but 0 and 1.
void check_npy_booleans(const Origin& origin, const Tensor& values);

// Reads an array of `size` bytes, whose next bytes `read(to, count)` gives or throws. The size that
// the header declares is compared with it before the elements are allocated.
Tensor read_npy(const Origin& origin, std::uint64_t size,
                const std::function<void(void*, std::uint64_t)>& read);

}  // namespace plumb::detail
