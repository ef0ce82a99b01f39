#include <doctest/doctest.h>

#include <algorithm>
#include <plumb/data.hpp>

#include "../support.hpp"

using namespace plumb;
using plumb::test::contains;
using plumb::test::error_of;
using plumb::test::TemporaryFolder;

namespace {

std::string refusal(const std::string& content) {
  const TemporaryFolder folder;
  const std::string path = folder.write("a.fasta", content);
  const std::string error = error_of([&] { data::load_fasta(path); });
  const std::string start = "[load_fasta] " + path + ": ";
  REQUIRE(error.substr(0, start.size()) == start);
  return error.substr(start.size());
}

}  // namespace

TEST_CASE("load_fasta: headers, wrapped lines, either case, CRLF, blank lines, gzip") {
  const TemporaryFolder folder;
  const std::string content =
      ">one first=1 label=promoter\nACGT\nacgt\n\n"
      ">two\r\nNRYSWKMBDHVU\r\nA C\tG\r\n\r\n"
      ">  three \t spaces  kept \nt";
  for (const std::string& bytes : {content, content + "\n", test::gzip(content)}) {
    const auto records = data::load_fasta(folder.write("a", bytes));
    REQUIRE(records.size() == 3);
    CHECK(records[0].name == "one");
    CHECK(records[0].description == "first=1 label=promoter");
    CHECK(records[0].sequence == "ACGTACGT");
    CHECK(records[1].name == "two");
    CHECK(records[1].description.empty());
    CHECK(records[1].sequence == "NRYSWKMBDHVUACG");
    CHECK(records[2].name == "three");
    CHECK(records[2].description == "spaces  kept ");
    CHECK(records[2].sequence == "T");
  }
}

TEST_CASE("load_fasta: data before '>', letters that are none, nothing") {
  CHECK(refusal("ACGT\n>a\nACGT\n") == "line 1: there is data before the first '>'");
  CHECK(refusal("\n\n; comment\n>a\nA\n") == "line 3: there is data before the first '>'");
  CHECK(refusal(">a\nACGT\nACXGT\n") == "line 3, column 3: 'X' is no nucleotide");
  CHECK(refusal(">a\nAC-GT") == "line 2, column 3: '-' is no nucleotide");
  CHECK(refusal(">a\nAC GT*") == "line 2, column 6: '*' is no nucleotide");
  CHECK(refusal(">a\nACGT\rACGT\n") == "line 2, column 5: byte 13 is no nucleotide");
  CHECK(refusal(">a\nA\xff") == "line 2, column 2: byte 255 is no nucleotide");
  CHECK(refusal(std::string(">a\nA\0C", 6)) == "line 2, column 2: byte 0 is no nucleotide");
  CHECK(refusal(">a\nA\n>b x\n\n>c\nA\n") == "line 3: the record 'b' has no sequence");
  CHECK(refusal(">a\nA\n>") == "line 3: the record '' has no sequence");
  CHECK(refusal("") == "there is no record, which a line with '>' begins");
  CHECK(refusal("\r\n \n") == "there is no record, which a line with '>' begins");
}

TEST_CASE("load_fasta: missing, a directory") {
  const TemporaryFolder folder;
  CHECK(error_of([&] { data::load_fasta(folder.path()); }) ==
        "[load_fasta] " + folder.path() + ": Is a directory");
  CHECK(contains(error_of([] { data::load_fasta("/none/such"); }), "No such file"));
}

TEST_CASE("header_value: a word key=value of the description") {
  const data::FastaRecord record{"id=9", "xlabel=1 label=promoter label=2 empty= a=b=c", "A"};
  CHECK(data::header_value(record, "label") == "promoter");
  CHECK(data::header_value(record, "empty") == "");
  CHECK(data::header_value(record, "a") == "b=c");
  CHECK(!data::header_value(record, "id"));  // the name is no word of it
  CHECK(!data::header_value(record, "lab"));
  CHECK(!data::header_value({"n", "", "A"}, "label"));
  CHECK(data::header_values({record, record}, "a") == std::vector<std::string>{"b=c", "b=c"});
  CHECK(error_of([&] {
          data::header_values({record, {"S10", "lab=1", "A"}}, "label");
        }) == "[header_values] record 1, S10, has no label=...");
}

TEST_CASE("load_fasta: the promoters of E. coli") {
  const std::string path = test::real_data("genes/promoters.fasta");
  if (path.empty()) {
    MESSAGE("skipped: no genes/promoters.fasta");
    return;
  }
  const auto records = data::load_fasta(path);
  REQUIRE(records.size() == 106);
  const auto labels = data::header_values(records, "label");
  CHECK(std::count(labels.begin(), labels.end(), "promoter") == 53);
  CHECK(std::count(labels.begin(), labels.end(), "none") == 53);
  for (const data::FastaRecord& record : records) CHECK(record.sequence.size() == 57);
  CHECK(records[0].name == "S10");
  CHECK(records[0].sequence == "TACTAGCAATACGCTTGCGTTCGGTGGTTAAGTATGTATAATGCGCGGGCTTGTCGT");
}
