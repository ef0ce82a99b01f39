#include "handwriting.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "../../../core/runtime/random.hpp"
#include "canvas.hpp"
#include "digit_strokes.hpp"

namespace plumb::data::detail {
namespace {

constexpr double pi = 3.141592653589793;

// Standard deviations of the distortions at strength 1, which is difficulty 0.5. Together they make
// an MLP's accuracy that of MNIST: docs/data.md has the figures. Lengths are in heights of the
// digit, those called _px in pixels.
constexpr double sloppiness = 0.35;  // of log(strength), from one digit to the next
constexpr double jitter = 0.014;     // of each point of a stroke
constexpr double wave = 0.03;        // of the plane's elastic displacement
constexpr double slant = 0.16;       // of the shear, about a mean that leans to the right
constexpr double mean_slant = 0.1;
constexpr double rotation = 0.1;   // radians
constexpr double stretch = 0.1;    // of log(width / height)
constexpr double growth = 0.06;    // of log(size)
constexpr double shift_px = 0.7;   // of the centre, along each axis
constexpr double thickness = 0.2;  // of log(radius of the pen)
constexpr double pressure = 0.2;   // of the radius's relative change across the digit
constexpr double noise = 0.05;     // largest change of a pixel, where ink is 1

constexpr double size_px = 18.5;
constexpr double radius_px = 1.15, thinnest_px = 0.6, thickest_px = 2.2;
constexpr double softness_px = 1.6;
constexpr double centre_px = (Canvas::side - 1) / 2.0;

struct Curve {
  std::vector<Point> points;
  std::vector<char> lifted;  // whether the pen comes to this point from elsewhere
};

// A Catmull-Rom curve: through b at t = 0 and c at t = 1, along the directions of its neighbours.
double through(double a, double b, double c, double d, double t) {
  return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
}

Point through(Point a, Point b, Point c, Point d, double t) {
  return {through(a.x, b.x, c.x, d.x, t), through(a.y, b.y, c.y, d.y, t)};
}

// The points of a style about the digit's centre, each moved a little.
DigitStyle shake(DigitStyle style, double strength, Generator& random) {
  for (StrokePoint& p : style) {
    p.x = p.x / 100 - 0.5 + strength * jitter * random.normal();
    p.y = p.y / 100 - 0.5 + strength * jitter * random.normal();
  }
  return style;
}

// Joins the points of a style, in `steps` pieces from one to the next.
Curve join(const DigitStyle& style) {
  constexpr int steps = 6;
  Curve curve;
  const int n = static_cast<int>(style.size());
  const auto at = [&](int i) { return Point{style[i].x, style[i].y}; };
  for (int i = 0; i < n; ++i) {
    if (style[i].pen == Pen::start) {
      curve.points.push_back(at(i));
      curve.lifted.push_back(true);
      continue;
    }
    // At an end or a corner the curve has a neighbour on one side only.
    const Point b = at(i - 1), c = at(i);
    const Point a = style[i - 1].pen == Pen::smooth ? at(i - 2) : b;
    const bool last = i + 1 == n || style[i + 1].pen == Pen::start;
    const Point d = last || style[i].pen == Pen::corner ? c : at(i + 1);
    for (int step = 1; step <= steps; ++step) {
      curve.points.push_back(through(a, b, c, d, step / static_cast<double>(steps)));
      curve.lifted.push_back(false);
    }
  }
  return curve;
}

// A smooth displacement of the plane: a few long waves in random directions.
class Elastic {
 public:
  Elastic(double amplitude, Generator& random) {
    for (Wave& wave : waves_) {
      const double direction = 2 * pi * random.uniform();
      const double frequency = 2 * pi * (0.4 + 0.9 * random.uniform());
      wave.kx = frequency * std::cos(direction);
      wave.ky = frequency * std::sin(direction);
      wave.phase = 2 * pi * random.uniform();
      wave.dx = amplitude * random.normal();
      wave.dy = amplitude * random.normal();
    }
  }

  Point operator()(Point p) const {
    Point moved = p;
    for (const Wave& wave : waves_) {
      const double height = std::sin(wave.kx * p.x + wave.ky * p.y + wave.phase);
      moved.x += wave.dx * height;
      moved.y += wave.dy * height;
    }
    return moved;
  }

 private:
  struct Wave {
    double kx, ky, phase, dx, dy;
  };
  std::array<Wave, 3> waves_;
};

// Elastic displacement, then stretch, slant and rotation.
void distort(Curve& curve, double strength, Generator& random) {
  const Elastic elastic(strength * wave, random);
  const double shear = mean_slant + strength * slant * random.normal();
  const double angle = strength * rotation * random.normal();
  const double width = std::exp(strength * stretch * random.normal());
  const double cosine = std::cos(angle), sine = std::sin(angle);
  for (Point& p : curve.points) {
    const Point q = elastic(p);
    const double x = width * q.x - shear * q.y;
    p = {cosine * x - sine * q.y, sine * x + cosine * q.y};
  }
}

// Fits the curve into the canvas, as MNIST's digits are: the longer side has the given size and the
// middle of the box is the canvas's, both nearly.
void place(Curve& curve, double strength, Generator& random) {
  Point low = curve.points.front(), high = low;
  for (const Point p : curve.points) {
    low = {std::min(low.x, p.x), std::min(low.y, p.y)};
    high = {std::max(high.x, p.x), std::max(high.y, p.y)};
  }
  const double size = size_px * std::exp(strength * growth * random.normal());
  const double scale = size / std::max(high.x - low.x, high.y - low.y);
  const double x = centre_px + strength * shift_px * random.normal() - scale * (low.x + high.x) / 2;
  const double y = centre_px + strength * shift_px * random.normal() - scale * (low.y + high.y) / 2;
  for (Point& p : curve.points) p = {x + scale * p.x, y + scale * p.y};
}

std::array<double, Canvas::pixels> draw(const Curve& curve, double strength, Generator& random) {
  const double radius = std::clamp(radius_px * std::exp(strength * thickness * random.normal()),
                                   thinnest_px, thickest_px);
  const double change = strength * pressure * random.normal() / size_px;
  Canvas canvas;
  for (std::size_t i = 1; i < curve.points.size(); ++i) {
    if (curve.lifted[i]) continue;
    const Point a = curve.points[i - 1], b = curve.points[i];
    canvas.line(a, b, radius * (1 + change * (a.x + a.y - 2 * centre_px)));
  }
  return canvas.ink(softness_px);
}

// Grey values of the ink, with noise that is uniform in [-largest, largest].
void develop(const std::array<double, Canvas::pixels>& ink, double largest, Generator& random,
             std::uint8_t* pixels) {
  const double darkness = 1 - 0.15 * random.uniform();
  for (int first = 0; first < Canvas::pixels; first += 8) {
    const std::uint64_t bits = random.next();
    for (int k = 0; k < 8; ++k) {
      const double unit = static_cast<double>(bits >> 8 * k & 255) / 127.5 - 1;
      const double grey = std::clamp(darkness * ink[first + k] + largest * unit, 0.0, 1.0);
      pixels[first + k] = static_cast<std::uint8_t>(255 * grey + 0.5);
    }
  }
}

}  // namespace

int draw_digit(std::uint64_t seed, std::int64_t index, double difficulty, std::uint8_t* pixels) {
  // Each sample has 2^16 blocks of the stream to itself; it takes less than 400.
  Generator random(seed, Stream::data);
  random.set_position(static_cast<std::uint64_t>(index) << 16);

  // As with people's writing, most digits are neat and a few are hard to read.
  const double mood = std::clamp(random.normal(), -2.0, 2.0);
  const double strength = 2 * difficulty * std::exp(sloppiness * mood);
  const int digit = static_cast<int>(random.below(10));
  const std::vector<DigitStyle>& styles = digit_styles(digit);
  const std::int64_t style = random.below(static_cast<std::int64_t>(styles.size()));

  Curve curve = join(shake(styles[style], strength, random));
  distort(curve, strength, random);
  place(curve, strength, random);
  const auto ink = draw(curve, strength, random);
  develop(ink, strength * noise, random, pixels);
  return digit;
}

}  // namespace plumb::data::detail
