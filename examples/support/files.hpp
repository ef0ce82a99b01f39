// Text files that programs write: whole, or an error.
#pragma once

#include <string>

/// Makes the folder and those above it. Throws plumb::Error where it cannot be made or written.
void make_folder(const std::string& path);

/// Writes a file of this content, by way of a temporary beside it, so that whoever reads it, also
/// after a kill, finds the old file or the new one. Throws plumb::Error with the path and the
/// reason.
void write_file(const std::string& path, const std::string& content);

/// The content of a file. Throws plumb::Error with the path and the reason.
std::string read_file(const std::string& path);
