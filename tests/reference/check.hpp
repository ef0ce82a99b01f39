// Checks a table of operations against the cases of a reference file.
#pragma once

#include <functional>
#include <map>
#include <plumb/autograd/variable.hpp>
#include <string>
#include <vector>

#include "../support/reference.hpp"

namespace plumb::test {

/// Applies what a case names to its inputs. Floating constants come in the dtype of the inputs.
using Operation =
    std::function<Variable(const Options& options, const std::vector<Variable>& inputs,
                           const std::vector<Tensor>& constants)>;

/// From the names in a file ("leaky_relu") to what carries them out.
using Table = std::map<std::string, Operation>;

/// Checks results and gradients of every case of tests/reference/<family>.txt in `dtype`: they may
/// deviate by 1e-10 of the largest value of the tensor in float64, by 4e-6 in float32. A case that
/// the table does not name and an option that is not read are failures too.
void check_reference(const std::string& family, const Table& table, DType dtype);

/// The names in the table that no case of the file carries out, but as an edge case, each followed
/// by a space.
std::string uncovered(const std::string& family, const Table& table);

/// Checks every case but the edge cases against finite differences.
void check_gradients(const std::string& family, const Table& table);
/// The same of the gradients of gradients, for the first case of each operation and for small ones.
void check_second_gradients(const std::string& family, const Table& table);
/// Compares them with PyTorch's, to 1e-10 of the sums that they are in float64, to 1e-4 in float32;
/// counts the cases of each operation.
void check_second_reference(const std::string& family, const Table& table, DType dtype,
                            std::map<std::string, int>& checked);

}  // namespace plumb::test
