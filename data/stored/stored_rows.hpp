// StoredRows: a tensor that stays in its file, of which rows are read when they are wanted.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "../../core/io/safetensors.hpp"
#include "../../core/tensor/tensor.hpp"
#include "../dataset.hpp"

namespace plumb::data {

/// Row i is element i of the leading axis, as it lies in a file. Only the header is read when the file
/// is opened; what gather() takes is the memory of its result. Copies share the open file.
///
/// The size that a header declares is compared with the file's at once. A file that becomes shorter
/// later is an Error of the read that misses it ("the file was shortened while it was read"), not a
/// SIGBUS: nothing is mapped. One that is overwritten gives what it holds then. Errors begin with
/// "[StoredRows] path: ".
class StoredRows {
 public:
  /// Of save_npy or np.save: every type that load_npy takes, converted as it does, in C order (the rows
  /// of Fortran's order do not lie together). Throws "[open_npy] path: ...", also for a scalar.
  static StoredRows npy(const std::string& path);
  /// An IDX file that is not compressed; elements become what load_idx makes of them.
  static StoredRows idx(const std::string& path);
  /// One tensor of a safetensors file. F16 and BF16 are refused unless converted. Checksums are of
  /// whole tensors and so are not looked at. Throws for a scalar, and where there is no such tensor.
  static StoredRows safetensors(const std::string& path, const std::string& name,
                                HalfTensors half = HalfTensors::refuse);

  Shape shape() const;
  DType dtype() const;  ///< Of what gather gives.
  std::int64_t rows() const { return shape()[0]; }

  /// Rows `indices`, in this order: [n, ...]. Rows are read in the order of the file, those that lie
  /// side by side at once, and the system is told of all before the first is waited for. May be called
  /// by several threads at once. Throws for indices out of range, and where reading fails.
  Tensor gather(Indices indices) const;

 private:
  struct File;
  explicit StoredRows(std::shared_ptr<const File> file) : file_(std::move(file)) {}
  std::shared_ptr<const File> file_;
};

}  // namespace plumb::data
