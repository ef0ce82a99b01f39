// What a comparison was: enough to get the same numbers again, and to refuse to mix two of them.
#pragma once

#include <cstdint>
#include <string>

namespace comparison {

/// Settings as an INI file that `--manifest` reads, behind comments: version of plumb, compiler,
/// flags, processor and threads.
std::string manifest(const std::string& settings, std::uint64_t data_hash);

/// Writes FOLDER/manifest.ini, or leaves the one there where it is of the same version, data and
/// settings. Throws plumb::Error, naming the first line that differs, where it is of another
/// comparison. Compiler, flags, processor and threads may differ. Where the one there does not say yet
/// that the numbers are no evidence ("anyway=true", "made-small=true"), it does from now on.
void claim_folder(const std::string& folder, const std::string& manifest);

}  // namespace comparison
