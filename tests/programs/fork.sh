#!/usr/bin/env bash
# Children of fork() train on. More of them: build/release/tests/fork 200.
# shellcheck source=tests/support/script.sh
source "$PLUMB_SOURCE_DIR/tests/support/script.sh"
"$PLUMB_BUILD_DIR/tests/fork" 3
