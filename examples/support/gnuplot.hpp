// Pictures, drawn by gnuplot where it is installed.
#pragma once

#include <cstddef>
#include <string>

/// In pixels, beside letters of 15.
struct PictureSize {
  int width = 560, height = 400;
};

/// Writes FOLDER/NAME.gp, which begins with the settings that all pictures share and goes on with
/// `commands`, and runs gnuplot on it, in that folder, to make FOLDER/NAME.svg. Line styles 1 to 7
/// are colours that are told apart on light and dark ground, also by the colour-blind (Okabe & Ito
/// 2008, without the second blue, and with an orange that is dark enough for a white page), 8 to 14
/// the same dashed. Each has a marker of its own, by which curves are told apart in grey: draw them
/// `with linespoints`. Returns false where gnuplot is not installed: the script is there all the
/// same. Throws plumb::Error where it cannot be written or gnuplot fails.
bool draw(const std::string& folder, const std::string& name, const std::string& commands,
          PictureSize size = {});

/// The line style of the i-th curve of a picture, from 0.
inline int line_style(std::size_t i) { return static_cast<int>(i % 14) + 1; }

/// Commands for a logarithmic y axis, labelled at 2 and 5 about 1 as well: losses and errors seldom
/// span more than a decade.
inline const char* const logarithmic_y =
    "set logscale y\nset ytics add (0.02, 0.05, 0.2, 0.5, 2, 5, 20, 50)\n";

/// What to say where draw returned false.
inline const char* const without_gnuplot =
    "gnuplot is not installed: data and scripts are written, the pictures are not.\n"
    "'apt-get install gnuplot-nox', then run this again, or 'gnuplot *.gp' in the folder.";
