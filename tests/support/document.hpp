// Whether the code that a document shows is code that a test compiles.
#pragma once

#include <initializer_list>
#include <string>

namespace plumb::test {

/// The lines of the ```cpp blocks of a document that stand in none of the sources, whatever their
/// indentation; "no code" where there is no block. A line "..." and whole programs, whose block
/// begins with #include, are passed over: the build extracts and runs those. Paths of sources are
/// as
/// __FILE__ gives them or below the source tree; that of the document is below it.
std::string code_missing_from(const std::string& document,
                              std::initializer_list<std::string> sources);

}  // namespace plumb::test
