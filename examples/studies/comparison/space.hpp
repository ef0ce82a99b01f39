// Where options of an optimizer are searched, and points that cover such a space evenly.
#pragma once

#include <cstdint>
#include <plumb/core/runtime/random.hpp>
#include <string>
#include <vector>

namespace comparison {

/// How far apart two values are: by their difference, by their quotient, or by the quotient of their
/// distances from 1, as momenta are.
enum class Scale : std::uint8_t { linear, logarithmic, from_one };

/// An option that is searched, and where.
struct Dimension {
  std::string name;
  double low = 0, high = 0;
  Scale scale = Scale::linear;
  std::vector<std::string> choices =
      {};  ///< Of an option that is a word; values count them from 0.

  /// The value at a place in [0, 1), rounded to three digits.
  double at(double place) const;
  /// The value as one writes it.
  std::string text(double value) const;
  /// "0.001..10", "constant|cosine".
  std::string range() const;
};

/// The scale on which an option of that name is searched between two values.
Scale scale_of(const std::string& name, double low, double high);

/// So many points of the cube [0, 1)^dimensions that cover it evenly: the set of Hammersley (1960),
/// shifted at random (Cranley & Patterson 1976). On the first axis they are equally far apart.
std::vector<std::vector<double>> even_points(std::int64_t count, std::size_t dimensions,
                                             plumb::Generator& random);

}  // namespace comparison
