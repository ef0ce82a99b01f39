#include "einsum.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "../../core/runtime/internal/fail.hpp"
#include "../../core/tensor/internal/defined.hpp"
#include "arithmetic.hpp"
#include "matmul.hpp"
#include "reduction.hpp"
#include "shape.hpp"

namespace plumb {
namespace {

constexpr const char* operation = "einsum";

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool has(const std::string& letters, char c) { return letters.find(c) != std::string::npos; }

// --- the equation -------------------------------------------------------------------------------

// The letters of the axes, of each operand and of the result.
struct Equation {
  std::string text;
  std::vector<std::string> operands;
  std::string result;
};

// Letters that occur once in all operands, in order.
std::string letters_once(const std::vector<std::string>& operands) {
  std::string all, once;
  for (const std::string& letters : operands) all += letters;
  for (const char c : all)
    if (std::count(all.begin(), all.end(), c) == 1) once += c;
  std::sort(once.begin(), once.end());
  return once;
}

void check_result(const Equation& e) {
  for (const char c : e.result) {
    const auto named = [c](const std::string& letters) { return has(letters, c); };
    if (std::none_of(e.operands.begin(), e.operands.end(), named))
      fail(operation, "no operand has the axis ", std::string(1, c), " of the result in \"", e.text,
           "\"");
    if (std::count(e.result.begin(), e.result.end(), c) > 1)
      fail(operation, "the result has the axis ", std::string(1, c), " twice in \"", e.text, "\"");
  }
}

Equation parsed(std::string_view equation, std::size_t operands) {
  Equation e{std::string(equation), {""}, ""};
  std::string* at = &e.operands.back();
  bool arrow = false;
  for (std::size_t i = 0; i < equation.size(); ++i) {
    const char c = equation[i];
    if (c == ' ') continue;
    if (is_letter(c)) {
      *at += c;
    } else if (c == ',' && !arrow) {
      e.operands.emplace_back();
      at = &e.operands.back();
    } else if (c == '-' && !arrow && i + 1 < equation.size() && equation[i + 1] == '>') {
      arrow = true;
      at = &e.result;
      ++i;
    } else {
      fail(operation, "expected letters, one comma at most and \"->\", got ",
           equation.substr(i, 3) == "..." ? "..." : std::string(1, c), " at ",
           static_cast<std::int64_t>(i), " in \"", equation, "\"");
    }
  }
  if (e.operands.size() != operands)
    fail(operation, "\"", equation, "\" has ", static_cast<std::int64_t>(e.operands.size()),
         e.operands.size() == 1 ? " operand" : " operands", ", given ",
         static_cast<std::int64_t>(operands));
  if (arrow) {
    check_result(e);
  } else {
    e.result = letters_once(e.operands);
  }
  return e;
}

// --- operands -----------------------------------------------------------------------------------

// A variable with a letter for each axis.
struct Labelled {
  Variable x;
  std::string letters;

  std::int64_t size(char c) const { return x.dim(static_cast<int>(letters.find(c))); }
};

// With its axes in the order of `letters`, which are all of its own.
Variable in_order(const Labelled& a, const std::string& letters) {
  if (letters == a.letters) return a.x;
  Axes order;
  for (const char c : letters) order.push_back(static_cast<int>(a.letters.find(c)));
  return permute(a.x, order);
}

// With the axes i < j of one size, n, as one: the elements that are n + 1 apart in both together.
Labelled diagonal(const Labelled& a, std::size_t i, std::size_t j, const Equation& e) {
  const std::int64_t n = a.x.dim(static_cast<int>(i)), m = a.x.dim(static_cast<int>(j));
  if (n != m)
    fail(operation, "the axes ", std::string(1, a.letters[i]), " of ", a.x.shape(), " have sizes ",
         n, " and ", m, " in \"", e.text, "\"");
  Axes order;
  Shape shape;
  std::string letters;
  for (std::size_t k = 0; k < a.letters.size(); ++k) {
    if (k == i || k == j) continue;
    order.push_back(static_cast<int>(k));
    shape.push_back(a.x.dim(static_cast<int>(k)));
    letters += a.letters[k];
  }
  order.push_back(static_cast<int>(i));
  order.push_back(static_cast<int>(j));
  shape.push_back(n * n);
  return {slice(permute(a.x, order).reshape(shape), -1, 0, to_end, n + 1), letters + a.letters[i]};
}

// Each letter once, and none that neither the result nor the other operand has.
Labelled reduced(Labelled a, const std::string& other, const Equation& e) {
  if (static_cast<std::size_t>(a.x.rank()) != a.letters.size())
    fail(operation, "\"", a.letters, "\" does not name the axes of ", a.x.shape(), " in \"", e.text,
         "\"");
  for (std::size_t i = 0; i < a.letters.size();) {
    const std::size_t j = a.letters.find(a.letters[i], i + 1);
    if (j == std::string::npos) {
      ++i;
      continue;
    }
    a = diagonal(a, i, j, e);
    i = 0;
  }
  Axes summed;
  std::string kept;
  for (std::size_t k = 0; k < a.letters.size(); ++k) {
    const char c = a.letters[k];
    if (has(e.result, c) || has(other, c))
      kept += c;
    else
      summed.push_back(static_cast<int>(k));
  }
  if (summed.size() == 0) return a;
  return {sum(a.x, summed), kept};
}

// Stretched where an axis has size 1 and that of the other operand has not.
Variable stretched(const Labelled& a, const Labelled& b, const Equation& e) {
  Shape shape = a.x.shape();
  for (std::size_t k = 0; k < a.letters.size(); ++k) {
    const char c = a.letters[k];
    std::int64_t& size = shape[static_cast<int>(k)];
    if (!has(b.letters, c) || b.size(c) == size) continue;
    if (size != 1 && b.size(c) != 1)
      fail(operation, "the axis ", std::string(1, c), " has sizes ", size, " and ", b.size(c),
           " in \"", e.text, "\"");
    if (size == 1) size = b.size(c);
  }
  return shape == a.x.shape() ? a.x : broadcast_to(a.x, shape);
}

// --- the product of two -------------------------------------------------------------------------

// The letters of two operands by what becomes of them.
struct Roles {
  std::string batch, left, right, summed;

  Roles(const Labelled& a, const Labelled& b, const Equation& e) {
    for (const char c : a.letters)
      (!has(b.letters, c) ? left : has(e.result, c) ? batch : summed) += c;
    for (const char c : b.letters)
      if (!has(a.letters, c)) right += c;
  }
};

std::int64_t elements(const Labelled& a, const std::string& letters) {
  std::int64_t product = 1;
  for (const char c : letters) product *= a.size(c);
  return product;
}

// [batch, left, right], the letters of each merged into one axis.
Variable product(const Labelled& a, const Labelled& b, const Roles& roles) {
  const std::int64_t n = elements(a, roles.batch), l = elements(a, roles.left),
                     r = elements(b, roles.right), k = elements(a, roles.summed);
  if (roles.summed.empty())
    return mul(in_order(a, roles.batch + roles.left).reshape({n, l, 1}),
               in_order(b, roles.batch + roles.right).reshape({n, 1, r}));
  if (roles.left.empty() && roles.right.empty())
    return sum(mul(in_order(a, roles.batch + roles.summed).reshape({n, 1, k}),
                   in_order(b, roles.batch + roles.summed).reshape({n, 1, k})),
               -1, KeepDims::yes);
  // What stands transposed is read so, without a copy.
  const bool ta = a.letters == roles.batch + roles.summed + roles.left;
  const bool tb = b.letters == roles.batch + roles.right + roles.summed;
  const Variable first =
      ta ? a.x.reshape({n, k, l})
         : in_order(a, roles.batch + roles.left + roles.summed).reshape({n, l, k});
  const Variable second =
      tb ? b.x.reshape({n, r, k})
         : in_order(b, roles.batch + roles.summed + roles.right).reshape({n, k, r});
  return matmul(first, second, ta ? Transpose::yes : Transpose::no,
                tb ? Transpose::yes : Transpose::no);
}

}  // namespace

Variable einsum(std::string_view equation, const Variable& a) {
  detail::check_defined(operation, a);
  const Equation e = parsed(equation, 1);
  return in_order(reduced({a, e.operands[0]}, "", e), e.result);
}

Variable einsum(std::string_view equation, const Variable& a, const Variable& b) {
  detail::check_defined(operation, a, b);
  const Equation e = parsed(equation, 2);
  detail::check_same_dtype(operation, a.dtype(), b.dtype());
  Labelled first = reduced({a, e.operands[0]}, e.operands[1], e);
  Labelled second = reduced({b, e.operands[1]}, e.operands[0], e);
  const Variable wide = stretched(first, second, e);
  second.x = stretched(second, first, e);
  first.x = wide;
  const Roles roles(first, second, e);
  const std::string letters = roles.batch + roles.left + roles.right;
  Shape shape;
  for (const char c : letters)
    shape.push_back(has(first.letters, c) ? first.size(c) : second.size(c));
  return in_order({product(first, second, roles).reshape(shape), letters}, e.result);
}

}  // namespace plumb
