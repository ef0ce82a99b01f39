#include "bases.hpp"

#include <algorithm>
#include <vector>

#include "../../core/runtime/internal/fail.hpp"
#include "internal/encoding.hpp"

namespace plumb::data {
namespace detail {

std::vector<BaseSet> to_base_sets(const char* operation, std::string_view sequence) {
  std::vector<BaseSet> sets(sequence.size());
  for (std::size_t i = 0; i < sequence.size(); ++i) {
    sets[i] = base_set(sequence[i]);
    if (sets[i] == 0)
      fail(operation, "letter ", static_cast<std::int64_t>(i), ", '", sequence.substr(i, 1),
           "', is no nucleotide");
  }
  return sets;
}

void check_k(const char* operation, int k, std::int64_t letters) {
  constexpr int most = 15;  // 4^k + 1 rows of an embedding
  if (k < 1 || k > most) fail(operation, "k must be in [1, ", most, "], got ", k);
  if (k > letters) fail(operation, "a sequence of ", letters, " letters has no words of ", k);
}

void write_k_mers(const BaseSet* sets, std::int64_t letters, int k, std::int64_t* to) {
  const std::int64_t words = std::int64_t{1} << 2 * k;
  std::int64_t word = 0, clear = 0;  // letters since the last one for several bases
  for (std::int64_t i = 0; i < letters; ++i) {
    const int number = base_number(sets[i]);
    clear = number < 0 ? 0 : clear + 1;
    word = (word << 2 | std::max(number, 0)) & (words - 1);
    if (i + 1 >= k) *to++ = clear >= k ? word : words;
  }
}

}  // namespace detail

std::string reverse_complement(std::string_view sequence) {
  constexpr std::string_view letters = "?ACMGRSVTWYHKDBN";  // of each set of bases
  const std::vector<detail::BaseSet> sets = detail::to_base_sets("reverse_complement", sequence);
  std::string other;
  for (auto set = sets.rbegin(); set != sets.rend(); ++set)
    other += letters[detail::complement(*set)];
  return other;
}

Tensor one_hot_bases(std::string_view sequence, DType dtype) {
  constexpr const char* operation = "one_hot_bases";
  const std::vector<detail::BaseSet> sets = detail::to_base_sets(operation, sequence);
  const auto letters = static_cast<std::int64_t>(sets.size());
  if (!is_floating(dtype)) fail(operation, "dtype must be float32 or float64, got ", dtype);
  Tensor x = Tensor::empty({4, letters}, dtype);
  if (dtype == DType::float32)
    detail::write_one_hot(sets.data(), letters, x.mutable_data<float>(), letters, 1);
  else
    detail::write_one_hot(sets.data(), letters, x.mutable_data<double>(), letters, 1);
  return x;
}

Tensor k_mers(std::string_view sequence, int k) {
  constexpr const char* operation = "k_mers";
  const std::vector<detail::BaseSet> sets = detail::to_base_sets(operation, sequence);
  const auto letters = static_cast<std::int64_t>(sets.size());
  detail::check_k(operation, k, letters);
  Tensor words = Tensor::empty({letters - k + 1}, DType::int64);
  detail::write_k_mers(sets.data(), letters, k, words.mutable_data<std::int64_t>());
  return words;
}

}  // namespace plumb::data
