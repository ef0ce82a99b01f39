#!/usr/bin/env bash
# Each form of OpenBLAS that Debian has gives the same bits for any number of threads, with the
# kernels that leave most of the work to it.
# shellcheck source=tests/support/script.sh
source "$PLUMB_SOURCE_DIR/tests/support/script.sh"
skip_under_sanitizers "run the unit tests on their own"
tried=0
for form in pthread openmp serial; do
  for library in /usr/lib/*/openblas-"$form"/libopenblas.so.0; do
    [[ -e $library ]] || continue
    for isa in base v3; do
      OMP_NUM_THREADS=2 PLUMB_ISA=$isa LD_LIBRARY_PATH=${library%/*} "$PLUMB_BUILD_DIR/plumb_tests" \
        --test-case="gemm: *threads*,linalg: *threads*" >"$work/out" || {
        cat "$work/out"
        fail "$form, PLUMB_ISA=$isa"
      }
      tried=$((tried + 1))
    done
  done
done
((tried > 0)) || skip "OpenBLAS is not where Debian has it"
echo "$tried forms"
