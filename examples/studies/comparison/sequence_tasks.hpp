// Tasks of text, speech, genes and tables.
#pragma once

#include "task.hpp"

namespace comparison {

/// Sets data and make_model of the task named "text", "speech", "genes" or "table"; returns false for
/// other names. `options.data` is "synthetic", or: a text file, a folder of WAV files, a FASTA file
/// with a label, a CSV file whose last column is the target. Of those, a sixth validates and a sixth
/// tests.
bool read_sequence_task(Task& task, const TaskOptions& options);

}  // namespace comparison
