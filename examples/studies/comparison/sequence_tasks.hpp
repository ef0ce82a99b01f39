// Tasks of text, speech, genes and tables.
#pragma once

#include "task.hpp"

namespace comparison {

/// Sets data, model and loss of the task named "text", "gpt", "speech", "genes", "table" or
/// "regression"; returns false for other names. `options.data` is "synthetic", or: a text file (text,
/// gpt), a folder of WAV files, a FASTA file with a label, a CSV file whose last column is the target, a
/// category (table) or a number (regression), which is learnt in units of its deviation. Of those, a
/// sixth validates and a sixth tests.
bool read_sequence_task(Task& task, const TaskOptions& options);

}  // namespace comparison
