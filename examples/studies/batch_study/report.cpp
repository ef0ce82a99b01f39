#include <plumb/core/runtime/error.hpp>
#include <utility>

#include "../../support/files.hpp"
#include "../comparison/page.hpp"
#include "figures.hpp"

namespace batch_study {
namespace {

using namespace comparison;
using plumb::errors::text;

std::string cells_table(const std::vector<Cell>& cells, const Settings& settings, const Task& task,
                        Length length, std::size_t scaling) {
  std::vector<std::vector<std::string>> rows;
  for (const Cell& cell : cells) {
    if (cell.length != length || cell.scaling != scaling) continue;
    const Figures f = figures_of(cell, settings.target);
    rows.push_back({text(cell.training.batch_size), rounded(cell.lr), text(cell.training.steps),
                    rounded(f.error), range(f.interval.low, f.interval.high),
                    rounded(100 * f.hits) + " %", rounded(f.steps.median),
                    rounded(f.seconds.median), text(f.diverged)});
  }
  return table(text("Equal ", to_string(length), ", lr scaling ", scalings[scaling].name),
               {"batch size", "lr", "steps", "test " + task.metric, "95 %", "reached target",
                "steps to it", "seconds to it", "diverged"},
               rows);
}

std::string differences_table(const std::vector<Difference>& differences) {
  std::vector<std::vector<std::string>> rows;
  for (const Difference& d : differences) {
    const std::string word = to_string(d.verdict);
    const std::string other = d.other->scaling == d.cell->scaling
                                  ? text("batch size ", d.other->training.batch_size)
                                  : text("lr scaling ", scalings[d.other->scaling].name);
    rows.push_back({text("equal ", to_string(d.cell->length), ", ", scalings[d.cell->scaling].name,
                         ", ", d.cell->training.batch_size),
                    other, text("<span class=", word, ">", word, "</span>"), rounded(d.mean),
                    range(d.interval.low, d.interval.high), rounded(d.adjusted_p)});
  }
  return table("Differences of the test error, seed by seed; below 0 is better",
               {"batch size", "against", "verdict", "difference", "BCa 95 %", "p after Holm"},
               rows);
}

}  // namespace

void write_report(const std::vector<Cell>& cells, const Settings& settings, const Task& task,
                  const std::vector<std::string>& caveats, const std::string& folder) {
  std::string content =
      notices(caveats) + text("<p>", escape(settings.optimizer), ", lr ", settings.lr,
                              " at batch size ", settings.base, ", ", task.train->size(),
                              " samples, ", settings.seeds, " seeds. The target is a validation ",
                              task.metric, " of ", settings.target, ".</p>\n");
  for (const Length length : lengths) {
    content += text("<h2>At equal ", to_string(length), "</h2>\n");
    const std::pair<const char*, std::string> pictures[] = {
        {"error", "test " + task.metric},
        {"steps_to_target", "steps to the target"},
        {"seconds_to_target", "processor seconds to the target"},
        {"samples_per_second", "thousand samples a second"}};
    std::string figures;
    for (const auto& [name, what] : pictures)
      figures += figure(folder, text(name, "_", to_string(length)),
                        text("Over batch sizes, at equal ", to_string(length), ": ", what,
                             ", with 95 % intervals."));
    content += side_by_side(figures);
    for (std::size_t scaling = 0; scaling < std::size(scalings); ++scaling)
      content += cells_table(cells, settings, task, length, scaling);
  }
  content +=
      "<h2>Verdicts</h2>\n" + differences_table(compare_cells(cells, settings)) +
      "<h2>How noisy gradients are</h2>\n" +
      figure(folder, "noise_scale", "Gradient noise scale along a run at the base batch size.") +
      "<h2>What was run</h2>\n<pre tabindex=0>" + escape(read_file(folder + "/manifest.ini")) +
      "</pre>\n<p>Beside this page: every run in <a href=runs>runs</a>, and each picture with its "
      "tables and its script.</p>\n";
  write_file(folder + "/report.html", page("Batch sizes on " + task.name, content));
}

}  // namespace batch_study
