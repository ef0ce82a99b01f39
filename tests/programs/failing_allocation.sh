#!/usr/bin/env bash
# Memory runs out at every large allocation of a training step in turn.
set -euo pipefail
if grep -q '^CMAKE_CXX_FLAGS:.*-fsanitize' "$PLUMB_BUILD_DIR/CMakeCache.txt"; then
  echo "skipped: sanitizers allocate in their own way"
  exit 77
fi
"$PLUMB_BUILD_DIR/tests/failing_allocation"
