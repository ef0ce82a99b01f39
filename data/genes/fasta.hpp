// FASTA files: named sequences of nucleotides.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plumb::data {

/// One sequence of a FASTA file.
struct FastaRecord {
  std::string name;         ///< The header's first word.
  std::string description;  ///< What follows the name.
  std::string sequence;     ///< In capital letters, wrapped lines joined.
};

/// Reads a FASTA file or pipe, plain or gzip. A header is a line that begins with `>`; the lines up
/// to the next are its sequence. Letters are the nucleotides of IUPAC in either case: A, C, G, T, U,
/// and R, Y, S, W, K, M, B, D, H, V, N for more than one of them. Lines end with LF or CRLF; blank
/// lines, spaces and tabs between the letters mean nothing.
///
/// Throws "[load_fasta] path: ..." with errno's text for what cannot be opened or read, and with the
/// line for anything in front of the first `>`, for a letter that is none (with the column, too), for a
/// record without a sequence, and for a file without records.
std::vector<FastaRecord> load_fasta(const std::string& path);

/// The value of `key=value` among the words of a record's description: of "label=promoter" under
/// "label" it is "promoter". None where there is no such word.
std::optional<std::string> header_value(const FastaRecord& record, std::string_view key);

/// That of all records. Throws "[header_values] record 3, S10, has no label=...".
std::vector<std::string> header_values(const std::vector<FastaRecord>& records,
                                       std::string_view key);

}  // namespace plumb::data
