#include "gnuplot.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <plumb/core/runtime/error.hpp>

#include "files.hpp"

namespace {

constexpr int not_found = 127;  // as a shell says it

const char* const shared_settings =
    "set style line 1 lc rgb '#0072b2' lw 2 pt 7 ps 0.6\n"
    "set style line 2 lc rgb '#d55e00' lw 2 pt 5 ps 0.6\n"
    "set style line 3 lc rgb '#009e73' lw 2 pt 9 ps 0.6\n"
    "set style line 4 lc rgb '#cc79a7' lw 2 pt 11 ps 0.6\n"
    "set style line 5 lc rgb '#c48800' lw 2 pt 13 ps 0.6\n"
    "set style line 6 lc rgb 'black' lw 2 pt 6 ps 0.6\n"
    "set style line 7 lc rgb '#8c8c8c' lw 2 pt 4 ps 0.6\n"
    "set style line 8 lc rgb '#0072b2' lw 2 dt 2 pt 8 ps 0.6\n"
    "set style line 9 lc rgb '#d55e00' lw 2 dt 2 pt 10 ps 0.6\n"
    "set style line 10 lc rgb '#009e73' lw 2 dt 2 pt 12 ps 0.6\n"
    "set style line 11 lc rgb '#cc79a7' lw 2 dt 2 pt 15 ps 0.6\n"
    "set style line 12 lc rgb '#c48800' lw 2 dt 2 pt 3 ps 0.6\n"
    "set style line 13 lc rgb 'black' lw 2 dt 2 pt 14 ps 0.6\n"
    "set style line 14 lc rgb '#8c8c8c' lw 2 dt 2 pt 2 ps 0.6\n"
    "set style fill transparent solid 0.2 noborder\n"
    "set border 3\n"
    "set tics nomirror out\n"
    "set datafile separator ','\n"
    "set key outside top center horizontal\n";

// Exit code of gnuplot, run in `folder`; its messages go to stderr.
int run_gnuplot(const std::string& folder, const std::string& script) {
  const pid_t child = fork();
  if (child < 0) plumb::errors::fail("draw", "no process for gnuplot");
  if (child == 0) {  // nothing but system calls: other threads may hold locks
    if (chdir(folder.c_str()) == 0) execlp("gnuplot", "gnuplot", script.c_str(), nullptr);
    _exit(not_found);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

}  // namespace

bool draw(const std::string& folder, const std::string& name, const std::string& commands,
          PictureSize size) {
  const std::string script = name + ".gp";
  write_file(
      folder + "/" + script,
      plumb::errors::text("set terminal svg size ", size.width, ",", size.height,
                          " dynamic noenhanced font 'sans-serif,15' background 'white' name '",
                          name, "'\nset output '", name, ".svg'\n", shared_settings, commands));
  const int code = run_gnuplot(folder, script);
  if (code == not_found) return false;
  if (code != 0) plumb::errors::fail("draw", "gnuplot failed on ", folder, "/", script);
  return true;
}
