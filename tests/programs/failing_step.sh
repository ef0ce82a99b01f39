#!/usr/bin/env bash
# Memory runs out at every request of an optimizer's step in turn.
# shellcheck source=tests/support/script.sh
source "$PLUMB_SOURCE_DIR/tests/support/script.sh"
skip_under_sanitizers "allocate in their own way"
"$PLUMB_BUILD_DIR/tests/failing_step"
