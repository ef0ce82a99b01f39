// Named tensors in .npz files, NumPy's archives of arrays.
#pragma once

#include <cstdint>
#include <string>

#include "state_dict.hpp"

namespace plumb {

/// Whether the arrays of an .npz file are deflated, as by np.savez_compressed.
enum class Compress : std::uint8_t { no, yes };

/// Saves the tensors of a state dict as np.load reads them: "name.npy" in a zip file. The file is
/// replaced as a whole, as by save_safetensors. Throws "[save_npz] path: ...", also for scalars,
/// which such a file has no place for, and where there is no tensor.
void save_npz(const std::string& path, const StateDict& state, Compress compress = Compress::no);

/// Loads a file of np.savez or np.savez_compressed: the arrays by name, of the types that load_npy
/// takes. One of another type, of strings say, is left out: StateDict::left_out() has its name, and
/// to ask for it is an error that says why. The zip's own checksum of every array is verified. Sizes are compared before anything is
/// allocated, and no array may be larger than its compressed bytes can hold. Throws "[load_npz]
/// path: ...", also where all arrays would be left out.
StateDict load_npz(const std::string& path);

}  // namespace plumb
