#include "digit_strokes.hpp"

#include <array>

namespace plumb::data::detail {
namespace {

constexpr Pen start = Pen::start;
constexpr Pen corner = Pen::corner;

using Styles = std::vector<DigitStyle>;

// clang-format off
Styles zero() {
  return {
      // an oval, closed at the top
      {{53, 2, start}, {30, 15}, {20, 50}, {29, 85}, {50, 98}, {71, 85}, {80, 50}, {70, 15}, {48, 3}},
      // narrow and leaning
      {{59, 2, start}, {41, 19}, {32, 55}, {35, 85}, {48, 98}, {63, 81}, {71, 45}, {69, 16}, {57, 2}},
      // begun at the right, its end inside
      {{68, 10, start}, {46, 3}, {25, 22}, {18, 55}, {30, 88}, {54, 97}, {75, 78}, {80, 44}, {68, 16},
       {48, 12}},
      // round
      {{52, 8, start}, {22, 21}, {10, 51}, {22, 81}, {51, 94}, {79, 81}, {90, 50}, {78, 19}, {47, 8}},
  };
}

Styles one() {
  return {
      // a stick
      {{50, 0, start}, {50, 50}, {50, 100}},
      {{56, 0, start}, {50, 48}, {46, 100}},
      // with a flag
      {{38, 18, start}, {53, 2, corner}, {52, 50}, {51, 99}},
      // with flag and foot
      {{34, 20, start}, {52, 3, corner}, {52, 50}, {52, 97}, {30, 98, start}, {72, 97}},
  };
}

Styles two() {
  return {
      // a swan with a straight base
      {{24, 24, start}, {35, 6}, {57, 3}, {74, 18}, {69, 42}, {46, 70}, {20, 97, corner}, {50, 95},
       {82, 96}},
      // looped
      {{25, 20, start}, {43, 4}, {66, 8}, {72, 30}, {57, 60}, {34, 87}, {19, 92}, {17, 80}, {32, 76},
       {56, 92}, {86, 92}},
      // a wave for a base
      {{26, 14, start}, {50, 3}, {73, 14}, {66, 42}, {22, 93, corner}, {44, 89}, {64, 97}, {84, 88}},
      // hooked
      {{22, 38, start}, {25, 13}, {52, 2}, {76, 22}, {63, 56}, {23, 97, corner}, {80, 97}},
  };
}

Styles three() {
  return {
      // two bowls that meet at a point
      {{26, 12, start}, {48, 2}, {70, 15}, {65, 37}, {43, 47, corner}, {69, 56}, {76, 78}, {55, 97},
       {24, 88}},
      // flat top
      {{24, 4, start}, {74, 4, corner}, {45, 40, corner}, {71, 52}, {76, 80}, {50, 98}, {22, 88}},
      // a loop between the bowls
      {{26, 15, start}, {52, 3}, {70, 20}, {58, 42}, {40, 50}, {42, 42}, {68, 55}, {74, 82}, {50, 98},
       {22, 86}},
      // a small bowl above a large one
      {{34, 10, start}, {54, 3}, {66, 16}, {58, 32}, {42, 38, corner}, {72, 47}, {82, 74}, {58, 97},
       {22, 94}},
  };
}

Styles four() {
  return {
      // open, in two strokes
      {{30, 4, start}, {23, 32}, {22, 55, corner}, {50, 57}, {82, 52}, {67, 10, start}, {65, 50},
       {61, 98}},
      // closed, in one stroke
      {{85, 66, start}, {50, 66}, {16, 66, corner}, {40, 32}, {63, 2, corner}, {62, 50}, {60, 98}},
      // open, square
      {{26, 6, start}, {24, 30}, {25, 53, corner}, {73, 51}, {73, 4, start}, {71, 50}, {70, 98}},
      // open, round, in one stroke
      {{26, 8, start}, {22, 40}, {40, 56}, {66, 48}, {76, 6, corner}, {71, 50}, {66, 98}},
  };
}

Styles five() {
  return {
      // the top comes last
      {{31, 5, start}, {27, 44, corner}, {53, 38}, {76, 60}, {68, 90}, {43, 99}, {20, 88},
       {31, 5, start}, {56, 5}, {80, 3}},
      // in one stroke
      {{76, 4, start}, {33, 6, corner}, {26, 45, corner}, {55, 40}, {78, 66}, {58, 96}, {22, 92}},
      // nearly an S
      {{76, 6, start}, {46, 7}, {31, 26}, {47, 45}, {71, 64}, {63, 92}, {24, 94}},
      // narrow, with a long neck
      {{38, 6, start}, {34, 52, corner}, {54, 50}, {66, 72}, {52, 96}, {28, 94}, {38, 7, start},
       {72, 6}},
  };
}

Styles six() {
  return {
      // one sweep into a loop
      {{66, 3, start}, {41, 22}, {24, 60}, {34, 93}, {60, 96}, {76, 74}, {60, 54}, {36, 60}, {25, 77}},
      // a straight stem, a small loop
      {{50, 1, start}, {33, 40}, {26, 80}, {44, 98}, {68, 88}, {67, 68}, {48, 62}, {28, 76}},
      // curled at the top
      {{74, 13, start}, {56, 2}, {32, 20}, {20, 60}, {32, 94}, {62, 96}, {75, 74}, {57, 56}, {29, 68}},
      // a wide loop
      {{56, 2, start}, {32, 24}, {18, 62}, {34, 95}, {66, 94}, {84, 70}, {64, 48}, {32, 56}, {20, 70}},
  };
}

Styles seven() {
  return {
      {{22, 7, start}, {76, 6, corner}, {58, 46}, {43, 98}},
      // with a bar
      {{22, 8, start}, {76, 6, corner}, {60, 46}, {46, 98}, {34, 52, start}, {74, 49}},
      // hooked
      {{23, 22, start}, {24, 7, corner}, {78, 7, corner}, {60, 48}, {46, 98}},
      // with a rounded shoulder
      {{19, 14, start}, {44, 8}, {70, 5}, {78, 13}, {64, 40}, {52, 68}, {50, 99}},
  };
}

Styles eight() {
  return {
      // one stroke, crossing itself
      {{70, 14, start}, {48, 2}, {29, 18}, {46, 44}, {71, 70}, {60, 96}, {33, 94}, {25, 74}, {48, 49},
       {70, 26}, {67, 10}},
      // two circles
      {{50, 46, start}, {29, 25}, {49, 2}, {71, 24}, {50, 46}, {24, 72}, {50, 98}, {76, 73}, {48, 46}},
      // narrow
      {{62, 10, start}, {48, 2}, {36, 16}, {46, 40}, {60, 66}, {56, 94}, {42, 97}, {35, 78}, {50, 48},
       {64, 20}, {58, 5}},
      // open at the top
      {{74, 8, start}, {48, 4}, {28, 20}, {48, 46}, {72, 72}, {56, 97}, {32, 90}, {30, 70}, {54, 44},
       {80, 14}},
  };
}

Styles nine() {
  return {
      // a loop on a straight stem
      {{71, 14, start}, {48, 3}, {26, 26}, {38, 49}, {62, 41}, {74, 10, corner}, {70, 56}, {66, 98}},
      // with a curved tail
      {{74, 22, start}, {53, 2}, {27, 22}, {36, 50}, {62, 44}, {75, 20}, {75, 56}, {62, 88}, {34, 97}},
      // begun inside, the stem leaning
      {{64, 8, start}, {40, 8}, {24, 32}, {42, 48}, {66, 30}, {72, 6, corner}, {60, 56}, {46, 98}},
      // a round head
      {{70, 30, start}, {56, 4}, {28, 10}, {24, 38}, {48, 52}, {70, 32}, {72, 60}, {70, 98}},
  };
}
// clang-format on

}  // namespace

const std::vector<DigitStyle>& digit_styles(int digit) {
  // Never destroyed: destructors of static objects may still draw.
  static const auto& styles = *new const std::array<Styles, 10>{
      zero(), one(), two(), three(), four(), five(), six(), seven(), eight(), nine()};
  return styles[static_cast<std::size_t>(digit)];
}

}  // namespace plumb::data::detail
