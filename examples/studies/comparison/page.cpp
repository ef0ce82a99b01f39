#include "page.hpp"

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <plumb/core/runtime/error.hpp>

#include "../../support/files.hpp"
#include "../../support/format.hpp"

namespace comparison {
namespace {

using plumb::errors::text;

const char* const style = R"(
:root { color-scheme: light dark; --ink: #1b1b1f; --paper: #ffffff; --faint: #6b6b76; --line: #d9d9e0;
  --better: #00704f; --worse: #b34700; --full: .6; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e4ea; --paper: #17171b; --faint: #9c9ca8;
  --line: #3a3a44; --better: #3fcf9f; --worse: #ff9152; --full: .4; } svg { filter: brightness(1.3); } }
body { margin: 0 auto; max-width: 76rem; padding: 1rem; font: 1rem/1.5 system-ui, sans-serif;
  color: var(--ink); background: var(--paper); }
h1 { font-size: 1.5rem; line-height: 1.2; } h2 { font-size: 1.15rem; margin-top: 2.5rem; }
p, li { max-width: 44rem; } small, figcaption { color: var(--faint); font-size: .875rem; }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 30rem), 1fr)); gap: 0 2rem; }
.multiples { grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr)); }
.scroll { overflow-x: auto; position: relative; margin: 1.25rem 0; } figure { margin: 1.5rem 0; max-width: 36rem; } svg { width: 100%; height: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .875rem; }
th, td { padding: .3rem .6rem .3rem 0; text-align: right; white-space: nowrap;
  border-bottom: 1px solid var(--line); }
th:first-child, .words { text-align: left; } th:first-child { white-space: normal; min-width: 8rem; }
th { color: var(--faint); font-weight: 600; vertical-align: bottom; }
.better { color: var(--better); font-weight: 600; } .worse { color: var(--worse); font-weight: 600; }
caption { text-align: left; color: var(--faint); padding-bottom: .3rem; }
tbody th { color: var(--ink); font-weight: 400; } tbody th, td { vertical-align: top; }
th:first-child { position: sticky; left: 0; background: var(--paper); }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.scroll:focus-visible, pre:focus-visible, a:focus-visible { outline: 2px solid var(--better); outline-offset: 2px; }
.heat { display: inline-block; padding: 0 .5rem 0 1.2rem; border-radius: .2rem;
  background-color: color-mix(in srgb, var(--worse) calc(var(--heat) * var(--full)), transparent); }
.hatched { background-image: repeating-linear-gradient(45deg, transparent 0 3px, var(--ink) 3px 4px);
  background-size: .7rem 100%; background-repeat: no-repeat; }
.notice { border-left: 4px solid var(--worse); padding: .3rem .8rem; max-width: 44rem; }
pre { overflow-x: auto; font-size: .8rem; border: 1px solid var(--line); padding: .7rem; }
)";

void replace_all(std::string& in, const std::string& what, const std::string& by) {
  for (std::size_t at = in.find(what); at != std::string::npos; at = in.find(what, at + by.size()))
    in.replace(at, what.size(), by);
}

// What stands between <name> and </name>, with both.
void erase_elements(std::string& in, const std::string& name) {
  const std::string begin = "<" + name + ">", end = "</" + name + ">";
  for (std::size_t at; (at = in.find(begin)) != std::string::npos;)
    in.erase(at, in.find(end, at) + end.size() - at);
}

// The same with quotes, as the value of an attribute.
std::string attribute(const std::string& plain) {
  std::string out = escape(plain);
  replace_all(out, "\"", "&quot;");
  return "\"" + out + "\"";
}

}  // namespace

std::string escape(const std::string& plain) {
  std::string out = plain;
  replace_all(out, "&", "&amp;");
  replace_all(out, "<", "&lt;");
  replace_all(out, ">", "&gt;");
  return out;
}

std::string named(const std::string& label) {
  std::string out = escape(label);
  for (const char* mark : {",", ":"}) replace_all(out, mark, std::string(mark) + "<wbr>");
  return out;
}

std::string rounded(double value) {
  if (std::isinf(value)) return value > 0 ? "never" : "-inf";
  const bool count = value >= 10'000 && value < 1e9;
  return count ? format("%.0f", value) : format("%.4g", value);
}

std::string range(double low, double high) { return rounded(low) + " to " + rounded(high); }

std::string table(const std::string& caption, const std::vector<std::string>& heads,
                  const std::vector<std::vector<std::string>>& rows) {
  // What scrolls has to be reached by the keyboard.
  std::string out = text("<div class=scroll tabindex=0 role=region aria-label=", attribute(caption),
                         "><table><caption>", escape(caption), "</caption>\n<thead><tr>");
  for (const std::string& head : heads) out += text("<th scope=col>", head, "</th>");
  out += "</tr></thead>\n<tbody>\n";
  for (const std::vector<std::string>& row : rows) {
    out += "<tr>";
    for (std::size_t i = 0; i < row.size(); ++i)
      out += i == 0 ? text("<th scope=row>", row[i], "</th>") : text("<td>", row[i], "</td>");
    out += "</tr>\n";
  }
  return out + "</tbody></table></div>\n";
}

std::string figure(const std::string& folder, const std::string& name, const std::string& caption) {
  const std::string path = text(folder, "/", name, ".svg");
  if (!std::filesystem::exists(path)) return "";
  std::string picture = read_file(path);
  picture.erase(0, picture.find("<svg"));
  const std::size_t paper = picture.find("<rect");
  picture.erase(paper, picture.find("/>", paper) + 2 - paper);
  for (const char* ink : {"'black'", "\"black\"", "'rgb(  0,   0,   0)'"})
    replace_all(picture, ink, "'currentColor'");
  replace_all(picture, "stroke-width='0.178'", "stroke-width='0.35'");  // markers without filling
  // Its titles would pop up under the mouse, and its names must be the page's only ones.
  erase_elements(picture, "title");
  erase_elements(picture, "desc");
  for (const char* id : {"gp", "textbox", "greybox"}) {
    replace_all(picture, text("id='", id), text("id='", name, "_", id));
    replace_all(picture, text("href='#", id), text("href='#", name, "_", id));
  }
  replace_all(picture, "id=\"gnuplot_canvas\"", "");
  picture.insert(4, text(" role=img aria-label=", attribute(caption)));
  return text("<figure>", picture, "<figcaption>", escape(caption), "</figcaption></figure>\n");
}

std::string side_by_side(const std::string& figures, const char* kind) {
  return figures.empty() ? "" : text("<div class='pictures ", kind, "'>\n", figures, "</div>\n");
}

std::string notices(const std::vector<std::string>& all) {
  std::string out;
  for (const std::string& each : all) out += "<p class=notice>" + escape(each) + "</p>\n";
  return out;
}

std::string page(const std::string& title, const std::string& content) {
  return text("<!doctype html>\n<html lang=en><head><meta charset=utf-8>\n",
              "<meta name=viewport content='width=device-width, initial-scale=1'>\n<title>",
              escape(title), "</title>\n<style>", style, "</style></head>\n<body><main>\n<h1>",
              escape(title), "</h1>\n", content, "</main></body></html>\n");
}

}  // namespace comparison
