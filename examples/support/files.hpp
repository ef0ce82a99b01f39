// Text files that programs write: whole, or an error.
#pragma once

#include <string>

/// Makes the folder and those above it. Throws plumb::Error where it cannot be made or written.
void make_folder(const std::string& path);

/// Writes a file of this content as checkpoints are written: whoever reads it, also after a kill or
/// a power cut, finds the old file or the new one, whole. Throws plumb::Error with the path and the
/// reason.
void write_file(const std::string& path, const std::string& content);

/// Throws plumb::Error where write_file(path) could not: before what takes hours, not after it. Changes
/// nothing.
void require_writable(const std::string& path);

/// The content of a regular file. Throws plumb::Error with the path and the reason.
std::string read_file(const std::string& path);
