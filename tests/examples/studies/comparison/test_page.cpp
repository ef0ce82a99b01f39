#include <doctest/doctest.h>

#include <plumb/examples/studies/comparison/page.hpp>

#include "../../../support/errors.hpp"
#include "../../../support/temporary_folder.hpp"

namespace plumb::test {

TEST_CASE("page: a picture takes the page's ink, has words, and shares no name with others") {
  const TemporaryFolder folder;
  folder.write(
      "loss.svg",
      "<?xml version=\"1.0\"?>\n<svg \n viewBox=\"0 0 9 9\">\n<title>loss</title><desc>by X</desc>"
      "<g id=\"gnuplot_canvas\"><rect fill=\"#ffffff\"/><defs><circle id='gpPt5' r='1'/>"
      "<use xlink:href='#gpPt5' id='gpPt6'/></defs><g id=\"loss_plot_1\"><title>t</title>"
      "<path stroke='black'/><path stroke='rgb(  0,   0,   0)'/><text fill=\"black\">"
      "black box</text><use xlink:href='#gpPt6' color='rgb(  0, 114, 178)'/></g></g></svg>");
  CHECK(
      comparison::figure(folder.path(), "loss", "Loss, \"a & b\".") ==
      "<figure><svg role=img aria-label=\"Loss, &quot;a &amp; b&quot;.\" \n viewBox=\"0 0 9 9\">\n"
      "<g ><defs><circle id='loss_gpPt5' r='1'/><use xlink:href='#loss_gpPt5' id='loss_gpPt6'/>"
      "</defs><g id=\"loss_plot_1\"><path stroke='currentColor'/><path stroke='currentColor'/>"
      "<text fill='currentColor'>black box</text><use xlink:href='#loss_gpPt6' "
      "color='rgb(  0, 114, 178)'/></g></g></svg><figcaption>Loss, \"a &amp; b\".</figcaption>"
      "</figure>\n");
  CHECK(comparison::figure(folder.path(), "none", "") == "");
  CHECK(comparison::side_by_side("") == "");
}

TEST_CASE("page: a table has a caption, headers and a name, and is reached by Tab") {
  const std::string table = comparison::table("a < b", {"who", "what"}, {{"x", "1"}, {"y", "2"}});
  CHECK(contains(table, "tabindex=0 role=region aria-label=\"a &lt; b\""));
  CHECK(contains(table, "<caption>a &lt; b</caption>"));
  CHECK(contains(table, "<th scope=col>who</th><th scope=col>what</th>"));
  CHECK(contains(table, "<tr><th scope=row>y</th><td>2</td></tr>"));
}

TEST_CASE("page: a label may be broken at its commas") {
  CHECK(comparison::named("a<b:c=1,d=2") == "a&lt;b:<wbr>c=1,<wbr>d=2");
}

}  // namespace plumb::test
