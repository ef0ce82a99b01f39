// State dicts in safetensors files, the format of PyTorch's users, with checksums of every part.
#pragma once

#include <cstdint>
#include <string>

#include "state_dict.hpp"

namespace plumb {

/// What to do with tensors of float16 and bfloat16, which plumb does not compute in.
enum class HalfTensors : std::uint8_t { refuse, to_float32 };

/// What load_safetensors found.
struct LoadedState {
  StateDict state;
  /// Whether the file has checksums, as those of save_safetensors have. They were right then. In
  /// files of other programs only the structure has been checked.
  bool verified = false;
};

/// Saves a state dict: float64 as F64, float32 as F32, int64 as I64, uint8 as U8, scalars and
/// checksums in `__metadata__`, all bit for bit. The file is replaced as a whole: it holds the old
/// state or the new one, also after a crash or a power cut, and a call that throws leaves the old.
/// Links are followed. The path's folder must exist.
///
/// Throws "[save_safetensors] path: ..." for what the system refuses, for undefined tensors, and
/// for names and strings that are empty or no UTF-8 (as JSON has it).
void save_safetensors(const std::string& path, const StateDict& state);

/// Loads a file of save_safetensors or of any other program. BOOL becomes uint8; F16 and BF16 are
/// refused unless converted; metadata of others is passed over.
///
/// Every byte of the file counts: header, sizes and offsets are checked before anything is
/// allocated, tensors fill the file without hole or overlap, and where there are checksums all of
/// them must be right. Memory is bounded by the size of the file. Throws "[load_safetensors] path:
/// ..." for everything else, also for other element types and more than eight axes.
LoadedState load_safetensors(const std::string& path, HalfTensors half = HalfTensors::refuse);

}  // namespace plumb
