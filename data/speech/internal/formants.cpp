#include "formants.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "../../../core/runtime/floating_point.hpp"
#include "../../../core/runtime/random.hpp"

namespace plumb::data::detail {
namespace {

constexpr double pi = 3.14159265358979323846;
constexpr double rate = 8000;

// What the mouth does at one moment.
struct Articulation {
  std::array<double, 3> formants;  // Hz, of a man with a vocal tract of ordinary length
  double voice;                    // strength of what comes from the vocal cords
  double hiss;                     // strength of the noise of air
  double hiss_hz, hiss_width;      // where it is strongest, and how widely spread
};

// A speech sound, and how long it is at an ordinary tempo.
struct SpeechSound {
  double seconds;
  Articulation is;
};

// Vowels from Peterson & Barney 1952; consonants as in Klatt 1980, simplified, below 4 kHz.
constexpr Articulation iy{{270, 2290, 3010}, 1, 0, 3000, 1000};
constexpr Articulation ih{{390, 1990, 2550}, 1, 0, 3000, 1000};
constexpr Articulation eh{{530, 1840, 2480}, 1, 0, 3000, 1000};
constexpr Articulation ah{{640, 1190, 2390}, 1, 0, 3000, 1000};
constexpr Articulation aa{{730, 1090, 2440}, 1, 0, 3000, 1000};
constexpr Articulation ao{{570, 840, 2410}, 1, 0, 3000, 1000};
constexpr Articulation ow{{450, 880, 2350}, 1, 0, 3000, 1000};
constexpr Articulation uw{{300, 870, 2240}, 1, 0, 3000, 1000};
constexpr Articulation w{{290, 610, 2150}, 0.6, 0, 3000, 1000};
constexpr Articulation r{{310, 1060, 1380}, 0.7, 0, 3000, 1000};
constexpr Articulation n{{250, 1500, 2600}, 0.35, 0, 3000, 1000};
constexpr Articulation v{{220, 1100, 2080}, 0.3, 0.12, 2500, 3000};
constexpr Articulation z{{240, 1390, 2530}, 0.3, 0.4, 3600, 700};
constexpr Articulation s{{320, 1390, 2530}, 0, 0.8, 3600, 600};
constexpr Articulation f{{340, 1100, 2080}, 0, 0.25, 2500, 3000};
constexpr Articulation th{{320, 1290, 2540}, 0, 0.2, 3000, 2500};
constexpr Articulation closed{{300, 1600, 2500}, 0, 0, 3000, 1000};  // before a stop lets go
constexpr Articulation t{{400, 1600, 2600}, 0, 0.9, 3500, 1200};
constexpr Articulation k{{300, 1990, 2850}, 0, 0.8, 2000, 700};

const std::vector<SpeechSound>& sounds_of(int digit) {
  // Never destroyed: what runs at the program's exit may still speak.
  static const auto& digits = *new std::array<std::vector<SpeechSound>, 10>{{
      {{0.10, z}, {0.10, ih}, {0.08, r}, {0.09, ow}, {0.10, uw}},
      {{0.09, w}, {0.15, ah}, {0.12, n}},
      {{0.05, closed}, {0.03, t}, {0.25, uw}},
      {{0.10, th}, {0.07, r}, {0.22, iy}},
      {{0.11, f}, {0.20, ao}, {0.11, r}},
      {{0.10, f}, {0.13, aa}, {0.10, ih}, {0.09, v}},
      {{0.12, s}, {0.10, ih}, {0.06, closed}, {0.03, k}, {0.12, s}},
      {{0.11, s}, {0.10, eh}, {0.06, v}, {0.06, ah}, {0.10, n}},
      {{0.12, eh}, {0.11, iy}, {0.06, closed}, {0.03, t}},
      {{0.09, n}, {0.14, aa}, {0.11, ih}, {0.11, n}},
  }};
  return digits[static_cast<std::size_t>(digit)];
}

double mix(double a, double b, double share) { return a + share * (b - a); }

Articulation mix(const Articulation& a, const Articulation& b, double share) {
  Articulation out{};
  for (std::size_t i = 0; i < 3; ++i) out.formants[i] = mix(a.formants[i], b.formants[i], share);
  out.voice = mix(a.voice, b.voice, share);
  out.hiss = mix(a.hiss, b.hiss, share);
  out.hiss_hz = mix(a.hiss_hz, b.hiss_hz, share);
  out.hiss_width = mix(a.hiss_width, b.hiss_width, share);
  return out;
}

// The mouth's way through a word: it rests in the middle of each sound and moves on in between.
class Way {
 public:
  Way(const std::vector<SpeechSound>& sounds, double tempo, Generator& random) {
    constexpr double rest = 0.25;  // of a sound, on each side of its middle
    for (const SpeechSound& sound : sounds) {
      const double seconds = sound.seconds / tempo * std::exp(0.1 * random.normal());
      Articulation is = sound.is;
      for (double& formant : is.formants) formant *= 1 + 0.03 * random.normal();
      points_.push_back({end_ + (0.5 - rest) * seconds, is});
      points_.push_back({end_ + (0.5 + rest) * seconds, is});
      end_ += seconds;
    }
  }

  double seconds() const { return end_; }

  Articulation at(double time) const {
    std::size_t next = 0;
    while (next < points_.size() && points_[next].time <= time) ++next;
    if (next == 0) return points_.front().is;
    if (next == points_.size()) return points_.back().is;
    const Point &a = points_[next - 1], &b = points_[next];
    return mix(a.is, b.is, (time - a.time) / (b.time - a.time));
  }

 private:
  struct Point {
    double time;
    Articulation is;
  };
  std::vector<Point> points_;
  double end_ = 0;
};

// y[n] = a x[n] + b y[n - 1] + c y[n - 2], which rings at a frequency (Klatt 1980).
class Resonator {
 public:
  void tune(double hertz, double width) {
    const double radius = std::exp(-pi * width / rate);
    c_ = -radius * radius;
    b_ = 2 * radius * std::cos(2 * pi * std::min(hertz, 0.48 * rate) / rate);
    a_ = 1 - b_ - c_;
  }
  double operator()(double x) {
    const double y = a_ * x + b_ * last_ + c_ * before_;
    before_ = last_;
    return last_ = y;
  }

 private:
  double a_ = 1, b_ = 0, c_ = 0, last_ = 0, before_ = 0;
};

struct Speaker {
  double pitch;   // Hz
  double tract;   // of the formants: short vocal tracts have higher ones
  double melody;  // by how much the pitch falls
  double breath;  // hiss in the voice

  // High voices have short vocal tracts, by and large.
  explicit Speaker(Generator& random) {
    const double size = random.uniform();
    pitch = 90 * std::pow(2.4, size) * std::exp(0.1 * random.normal());
    tract = mix(0.92, 1.2, size) * (1 + 0.03 * random.normal());
    melody = 0.1 + 0.2 * random.uniform();
    breath = 0.05 * random.uniform();
  }
};

// The word alone, of any loudness.
std::vector<double> speak(int digit, const Speaker& speaker, double tempo, Generator& random) {
  const Way way(sounds_of(digit), tempo, random);
  const auto count = static_cast<std::int64_t>(rate * way.seconds());
  std::array<Resonator, 4> tract;
  constexpr std::array<double, 4> widths = {70, 100, 150, 250};
  Resonator air;
  Articulation is{};
  double phase = 0, cords = 0;
  std::vector<double> out(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) {
    const double time = static_cast<double>(i) / rate;
    constexpr std::int64_t step = 40;  // 5 ms between two settings
    if (i % step == 0) {
      is = way.at(time);
      for (std::size_t k = 0; k < 3; ++k) tract[k].tune(speaker.tract * is.formants[k], widths[k]);
      tract[3].tune(speaker.tract * 3400, widths[3]);
      air.tune(is.hiss_hz, is.hiss_width);
    }
    const double pitch = speaker.pitch * (1 + speaker.melody * (0.5 - time / way.seconds()));
    phase += pitch / rate;
    const bool pulse = phase >= 1;
    if (pulse) phase -= 1;
    const double noise = 2 * random.uniform() - 1;
    cords = 0.9 * cords + (pulse ? 1 : 0) + speaker.breath * noise;
    double voice = is.voice * cords;
    for (Resonator& resonator : tract) voice = resonator(voice);
    out[static_cast<std::size_t>(i)] = voice + 0.5 * is.hiss * air(noise);
  }
  return out;
}

// Noise of deviation 1, nearly normal: the sum of four uniform numbers.
double bell(Generator& random) {
  const std::uint64_t bits = random.next();
  double sum = 0;
  for (int k = 0; k < 4; ++k) sum += static_cast<double>(bits >> 16 * k & 0xffff);
  constexpr double mean = 2 * 65535.0, deviation = 37837.2;  // 65536 / sqrt(3)
  return (sum - mean) / deviation;
}

double root_mean_square(const std::vector<double>& x) {
  double sum = 0;
  for (const double value : x) sum += value * value;
  return std::sqrt(sum / static_cast<double>(std::max<std::size_t>(x.size(), 1)));
}

}  // namespace

SpokenDigit speak_digit(std::uint64_t seed, std::int64_t index, double noise, double unheard) {
  const plumb::detail::FloatingPointMode mode;
  // Each sample has 2^24 blocks of the stream to itself; it takes two for each of at most 17,000
  // samples, and some.
  Generator random(seed, Stream::data);
  random.set_position(static_cast<std::uint64_t>(index) << 24);

  SpokenDigit spoken;
  spoken.digit = static_cast<int>(random.below(10));
  spoken.heard = random.uniform() >= unheard;
  const Speaker speaker(random);
  const double tempo = std::exp(0.35 * (2 * random.uniform() - 1));
  const double loudness = 0.02 * std::pow(8, random.uniform());  // of full scale
  const double hiss = loudness * noise * random.uniform();
  const auto before = static_cast<std::size_t>(rate * (0.02 + 0.13 * random.uniform()));
  const auto after = static_cast<std::size_t>(rate * (0.02 + 0.13 * random.uniform()));

  const std::vector<double> word = speak(spoken.digit, speaker, tempo, random);
  const double gain = spoken.heard ? loudness / root_mean_square(word) : 0;
  // Its length would tell the word that is not heard.
  if (!spoken.heard) spoken.digit = static_cast<int>(random.below(10));
  spoken.samples.resize(before + word.size() + after);
  for (std::size_t i = 0; i < spoken.samples.size(); ++i) {
    const bool speaks = i >= before && i - before < word.size();
    const double value = (speaks ? gain * word[i - before] : 0) + hiss * bell(random);
    spoken.samples[i] =
        static_cast<std::int16_t>(std::lround(std::clamp(32768 * value, -32768.0, 32767.0)));
  }
  return spoken;
}

}  // namespace plumb::data::detail
