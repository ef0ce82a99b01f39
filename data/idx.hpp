// The IDX format: arrays in a file, as MNIST is distributed.
#pragma once

#include <string>

#include "../core/tensor/tensor.hpp"

namespace plumb::data {

/// Reads an IDX file or pipe, plain or gzip, told apart by its first bytes. The tensor has the file's
/// shape, 1 to 8 axes. Unsigned bytes become uint8; signed bytes, 16-bit and 32-bit integers int64;
/// floats float32; doubles float64.
///
/// Throws "[load_idx] path: ..." with errno's text for what cannot be opened or read; for a wrong
/// magic number, element type or rank; for a file that holds less or more than its header declares;
/// for gzip data that are truncated, fail their checksum or length, or are followed by anything but
/// another gzip member (members are joined); where the memory is not to be had. Memory follows the size of the file, and of gzip what
/// really is in it up to the declared size, never the header's claim alone.
/// While a pipe is read, a StopRequest's signal ends that with plumb::Interrupted.
Tensor load_idx(const std::string& path);

}  // namespace plumb::data
