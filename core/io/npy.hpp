// Tensors in .npy files, NumPy's format for one array.
#pragma once

#include <string>

#include "../tensor/tensor.hpp"

namespace plumb {

/// Saves a tensor as np.load reads it, with its element type and shape. The file is replaced as a
/// whole, as by save_safetensors; there is no checksum. Throws "[save_npy] path: ...".
void save_npy(const std::string& path, const Tensor& x);

/// Loads a file of np.save: float32, float64, int64 and uint8; float16 as float32; int8, int16,
/// int32, uint16 and uint32 as int64; bool as uint8. Each value is what it was. Little- and
/// big-endian; C or Fortran order; up to eight axes. uint64, strings, objects and everything else are
/// refused, the type being named. The declared size is compared with the file's before anything is allocated. Throws
/// "[load_npy] path: ...".
Tensor load_npy(const std::string& path);

}  // namespace plumb
