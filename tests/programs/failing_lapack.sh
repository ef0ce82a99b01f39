#!/usr/bin/env bash
# What LAPACK and xtensor-blas report arrives as an Error that names the function and the shape.
# shellcheck source=tests/support/script.sh
source "$PLUMB_SOURCE_DIR/tests/support/script.sh"
skip_under_sanitizers "have an operator new of their own"
diff - <("$PLUMB_BUILD_DIR/tests/failing_lapack" 2>&1) <<'END' || fail "the errors are others"
[linalg::svd] no convergence for [2, 2]
[linalg::eigh] no convergence for [2, 2]
[linalg::lstsq] no convergence for [2, 2]
[linalg::qr] no memory for [64, 64]
[linalg::svd] no memory for [64, 64]
[linalg::eigh] no memory for [64, 64]
[linalg::lstsq] no memory for [64, 64]
no error
END
