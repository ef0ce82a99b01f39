// Reads the cases of tests/reference/*.txt; generate.py there describes the format.
#pragma once

#include <cstdint>
#include <map>
#include <plumb/core/tensor/tensor.hpp>
#include <set>
#include <string>
#include <vector>

namespace plumb::test {

/// The options of a case, "axes=0,2 keepdims=1", and which of them a test has looked at.
class Options {
 public:
  void add(const std::string& name, const std::string& value) { values_[name] = value; }
  bool has(const std::string& name) const { return values_.count(name) > 0; }
  /// The text of an option; empty where it is not given.
  std::string text(const std::string& name) const;
  double number(const std::string& name, double fallback) const;
  std::int64_t integer(const std::string& name, std::int64_t fallback) const;
  bool flag(const std::string& name) const { return integer(name, 0) != 0; }
  /// "0,2" as {0, 2}; empty where it is not given.
  std::vector<std::int64_t> list(const std::string& name) const;
  /// The names that were never asked for, each followed by a space.
  std::string unread() const;

 private:
  std::map<std::string, std::string> values_;
  mutable std::set<std::string> read_;
};

/// Tensors are float64 unless integers (int64) or a mask (uint8).
struct ReferenceCase {
  std::string where;      // "math.txt:17: clamp low=0 high=1", for messages
  std::string operation;  // "clamp"
  Options options;
  bool edge = false;  // extreme values or a kink: no finite differences
  std::vector<Tensor> inputs;
  std::vector<Tensor> constants;
  Tensor result;
  Tensor seed;
  std::vector<Tensor> gradients;
  std::vector<double> second;  // see second_products in generate.py; empty where PyTorch has none
};

/// The cases of tests/reference/<family>.txt. Throws Error where the file is missing or malformed.
std::vector<ReferenceCase> read_reference(const std::string& family);

}  // namespace plumb::test
