// A comparison as pictures and as one page that opens anywhere.
#pragma once

#include <string>

#include "campaign.hpp"
#include "summary.hpp"

namespace comparison {

/// What the picture of all trials has along its axis.
enum class LrAxis : std::uint8_t { lr, effective };

/// Writes the data, scripts and pictures to FOLDER/pictures: learning curves over steps and over
/// seconds, sensitivity to lr, what more trials bring, paired differences, and the share of runs that
/// reached the target.
/// Returns false where gnuplot is not installed, which leaves out the pictures alone.
bool draw_pictures(const Task& task, const Plan& plan, const Results& results,
                   const Summary& summary, LrAxis axis, const std::string& folder);

/// Writes FOLDER/report.html: the tables, the pictures that are there, what was compared and the
/// manifest, in one file that refers to no other; light or dark as the reader's system is.
void write_report(const Task& task, const Plan& plan, const Summary& summary,
                  const std::string& folder);

}  // namespace comparison
