// Puts comparisons of the same optimizers on several tasks side by side.
#include <cstdio>
#include <plumb/plumb.hpp>

#include "../support/arguments.hpp"
#include "../support/files.hpp"
#include "../support/gnuplot.hpp"
#include "../support/program.hpp"
#include "across/tasks.hpp"

namespace {

int run(const std::vector<std::string>& folders, const std::string& out) {
  const across::Tasks tasks = across::read_tasks(folders);
  make_folder(out);
  std::fputs(across::to_text(tasks).c_str(), stdout);
  if (!across::write_report(tasks, out)) std::puts(without_gnuplot);
  std::printf("\nwritten to %s: report.html, ratios.csv\n", out.c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> folders;
  std::string out = "across_tasks";
  arguments::App app("Puts comparisons of the same optimizers on several tasks side by side.",
                     "across_tasks");
  app.add_option("folders", folders, "that compare_optimizers wrote, one for each task").required();
  app.add_option("--out", out, "folder for the report").not_empty();
  const int code = app.parse(argc, argv);
  if (code >= 0) return code;
  return run_program("across_tasks", [&] { return run(folders, out); });
}
