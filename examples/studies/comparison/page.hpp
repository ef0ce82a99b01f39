// Pieces of pages that open anywhere: one file, no address in it, light or dark as the reader's system is.
#pragma once

#include <string>
#include <vector>

namespace comparison {

/// &, < and > as HTML writes them.
std::string escape(const std::string& plain);
/// The same of an optimizer's label, which may be broken at its commas.
std::string named(const std::string& label);
/// Four digits; counts, of samples, whole; "never" where infinite.
std::string rounded(double value);
/// "low to high".
std::string range(double low, double high);

/// A table that scrolls where it is wider than the page. Cells are HTML; the first of each row names it.
std::string table(const std::string& caption, const std::vector<std::string>& heads,
                  const std::vector<std::vector<std::string>>& rows);

/// FOLDER/NAME.svg as a part of the page, without paper and in the page's ink; "" where there is none.
std::string figure(const std::string& folder, const std::string& name, const std::string& caption);

/// Figures beside one another where there is room; of kind "multiples", small ones.
std::string side_by_side(const std::string& figures, const char* kind = "");

/// What is to be kept in mind, in front of everything else; "" for nothing.
std::string notices(const std::vector<std::string>& all);

/// A whole page; `content` begins below the heading.
std::string page(const std::string& title, const std::string& content);

}  // namespace comparison
