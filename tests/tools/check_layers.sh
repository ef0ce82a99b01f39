#!/usr/bin/env bash
# tools/check_layers finds every kind of violation: each is planted alone in a copy of a small tree.
source_dir=${PLUMB_SOURCE_DIR:-$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)}
# shellcheck source=tests/support/script.sh
source "$source_dir/tests/support/script.sh"

mkdir -p "$work"/clean/{core/{runtime/internal,tensor/internal,simd,kernels,io},autograd,nn,optim/internal,data,distributed,examples/support,tests/nn,bench}
cd -- "$work/clean"
for room in autograd nn optim data; do
  printf '// %s.\n#pragma once\n#include <vector>\n' "$room" | tee "$room.hpp" >"$room/$room.hpp"
done
for folder in runtime tensor simd kernels io; do
  printf '// %s.\n#pragma once\n#include <vector>\n' "$folder" >"core/$folder/$folder.hpp"
done
printf '#pragma once\n#include "core/tensor/tensor.hpp"\n' >core.hpp
printf '#include <xtensor/xarray.hpp>\n#include "tensor.hpp"\n#include "../kernels/gemm.hpp"\n#pragma omp simd\n' >core/tensor/tensor.cpp
printf '#include <xtensor-blas/xlinalg.hpp>\nauto q = xt::linalg::qr(a);\n' >core/tensor/linalg.cpp
printf '#include "runtime.hpp"\n#include "../tensor/tensor.hpp"\n' >core/runtime/random.cpp
printf '#include "io.hpp"\n#include "../kernels/gemm.hpp"\n' >core/io/io.cpp
printf '#pragma once\n#include <xtensor/xadapt.hpp>\n#include "tensor.hpp"\n' >core/tensor/xtensor.hpp
printf '// xt::sum and #pragma omp in a comment.\n#include "../core/tensor/tensor.hpp"\n' >nn/nn.cpp
printf '#pragma once\n#include "../../core/simd/simd.hpp"\n#pragma omp simd\n' >optim/internal/loop.hpp
printf '#include "internal/loop.hpp"\n#include "../core/simd/simd.hpp"\n  #pragma omp simd reduction(+ : n)\n' >optim/rule.cpp
printf '#include <zlib.h>\n#include <unistd.h>\n#include "../core.hpp"\n' >data/data.cpp
printf '#include <mpi.h>\n#include "../nn.hpp"\n#include "../data.hpp"\nvoid start() { MPI_Init(nullptr, nullptr); }\n' >distributed/mpi.cpp
printf '#include <xtensor/xmath.hpp>\n#include <plumb/plumb.hpp>\n' >examples/train.cpp
printf '#include <CLI/CLI.hpp>\n' >examples/support/arguments.cpp
printf '#include <doctest/doctest.h>\n#include <plumb/nn.hpp>\n#include "../help.hpp"\n' >tests/nn/nn.cpp
printf '#pragma once\n' >tests/help.hpp
printf '#pragma once\n#include "../tensor.hpp"\n#pragma omp simd\n' >core/tensor/internal/dispatch.hpp
printf '#pragma once\n#include "../tensor/internal/dispatch.hpp"\n#include "../simd/simd.hpp"\n' >core/kernels/gemm.hpp
printf '#include <cblas.h>\nvoid product() { cblas_sgemm(); }\n' >bench/limits.cpp

if ! "$source_dir/tools/check_layers" . >"$work/out"; then
  echo "FAILED: the clean tree has violations:"
  cat "$work/out"
  exit 1
fi

failures=0
# plant FILE LINE RULE: with LINE appended to FILE, exactly that line is reported for that rule.
plant() {
  local file=$1 line=$2 rule=$3 number
  rm -rf -- "$work/tree"
  cp -R -- "$work/clean" "$work/tree"
  cd -- "$work/tree"
  printf '%s\n' "$line" >>"$file"
  number=$(wc -l <"$file")
  if "$source_dir/tools/check_layers" . >"$work/out"; then
    echo "FAILED: not found: $file: $line"
    failures=1
  elif ! grep -qxF "$file:$number: $rule" "$work/out"; then
    echo "FAILED: $file: $line: expected '$file:$number: $rule', got:"
    cat "$work/out"
    failures=1
  fi
}

plant core/tensor/tensor.cpp '#include "../../autograd/autograd.hpp"' 'core may not include autograd'
plant core/tensor/tensor.cpp '#include "../../autograd.hpp"' 'core may not include autograd'
plant core.hpp '#include "autograd.hpp"' 'core may not include autograd'
plant core/runtime/runtime.hpp '#include "../tensor/tensor.hpp"' 'core/runtime may not include core/tensor'
plant core/runtime/runtime.cpp '#include "../tensor/tensor.hpp"' 'core/runtime may not include core/tensor'
plant core/tensor/tensor.hpp '#include "../kernels/gemm.hpp"' 'core/tensor may not include core/kernels'
plant core/tensor/tensor.hpp '#include "../io/io.hpp"' 'core/tensor may not include core/io'
plant core/tensor/tensor.cpp '#include "../io/io.hpp"' 'core/tensor may not include core/io'
plant core/simd/simd.hpp '#include "../kernels/gemm.hpp"' 'core/simd may not include core/kernels'
plant core/kernels/gemm.hpp '#include "../io/io.hpp"' 'core/kernels may not include core/io'
plant autograd/ops.cpp '#include "../core/simd/simd.hpp"' 'autograd may not include core/simd'
plant nn/nn.cpp '#include "../core/simd/simd.hpp"' 'nn may not include core/simd'
plant core/io/io.hpp '#include "../kernels/gemm.hpp"' 'core/io may not include core/kernels'
plant autograd/autograd.hpp '#include "../nn/nn.hpp"' 'autograd may not include nn'
plant nn/nn.cpp '#include "../optim/optim.hpp"' 'nn may not include optim'
plant nn/nn.cpp '#include "../data.hpp"' 'nn may not include data'
plant optim/optim.hpp '  #  include "../nn/nn.hpp"' 'optim may not include nn'
plant optim/optim.hpp '#include "../data/data.hpp"' 'optim may not include data'
plant data/data.cpp '#include "../autograd/autograd.hpp"' 'data may not include autograd'
plant data/data.cpp '#include "../nn/nn.hpp"' 'data may not include nn'
plant nn/nn.cpp '#include "../tests/help.hpp"' 'nothing includes tests'
plant nn/nn.cpp '#include <plumb/core.hpp>' 'inside the library includes are relative'
plant nn/nn.cpp '#include "../core/gone.hpp"' '"../core/gone.hpp" is not a file of this tree'
plant examples/train.cpp '#include "../nn/nn.hpp"' \
  'examples includes the library as <plumb/...>, and no other folder'
plant tests/nn/nn.cpp '#include "../../core/tensor/tensor.hpp"' \
  'tests includes the library as <plumb/...>, and no other folder'
plant bench/bench.cpp '#include "../tests/help.hpp"' \
  'bench includes the library as <plumb/...>, and no other folder'

plant autograd/ops.cpp '#include <xtensor/xmath.hpp>' 'xtensor may not be included here'
plant core/tensor/tensor.hpp '#include <xtensor/xmath.hpp>' 'xtensor may not be included here'
plant core/tensor/tensor.hpp '#include <xtl/xsequence.hpp>' 'xtensor may not be included here'
plant optim/optim.hpp '#include <xtensor-blas/xblas.hpp>' 'xtensor may not be included here'
plant nn/nn.cpp 'auto y = xt::sum(x);' 'xtensor may not be used here'
plant core/tensor/tensor.cpp '#include <xtensor-blas/xlinalg.hpp>' 'LAPACK may not be included here'
plant core/kernels/gemm.cpp 'auto y = xt::lapack::geqrf(a, t);' 'LAPACK may not be used here'
plant nn/nn.cpp '#include <cblas.h>' 'BLAS may not be included here'
plant nn/nn.cpp '#include <openblas/cblas.h>' 'BLAS may not be included here'
plant bench/bench.cpp '#include <cblas.h>' 'BLAS may not be included here'
plant optim/optim.cpp 'openblas_set_num_threads(1);' 'BLAS may not be used here'
plant autograd/ops.cpp 'cblas_sgemm(1);' 'BLAS may not be used here'
plant optim/optim.cpp '#include <omp.h>' 'OpenMP may not be included here'
plant optim/rule.cpp '#pragma omp parallel for' 'OpenMP may not be used here'
plant optim/rule.cpp '#pragma omp parallel for simd' 'OpenMP may not be used here'
plant optim/internal/loop.hpp '#pragma omp parallel for' 'OpenMP may not be used here'
plant optim/optim.hpp '#pragma omp simd' 'OpenMP may not be used here'
plant autograd/ops.cpp '#pragma omp simd' 'OpenMP may not be used here'
plant core/tensor/tensor.hpp '  _Pragma("omp simd")' 'OpenMP may not be used here'
plant data/data.cpp 'int n = omp_get_max_threads();' 'OpenMP may not be used here'
plant nn/nn.cpp '#include <zlib.h>' 'zlib may not be included here'
plant nn/nn.cpp '#include "../distributed/mpi.cpp"' 'nn may not include distributed'
plant nn/nn.cpp '#include <mpi.h>' 'MPI may not be included here'
plant distributed/ranks.hpp '#include <mpi.h>' 'MPI may not be included here'
plant data/data.cpp 'MPI_Barrier(MPI_COMM_WORLD);' 'MPI may not be used here'
plant data/data.cpp '#include <CLI/CLI.hpp>' 'CLI11 may not be included here'
plant examples/train.cpp '#include <CLI/CLI.hpp>' 'CLI11 may not be included here'
plant examples/train.cpp '#include <doctest/doctest.h>' 'doctest may not be included here'

plant nn/nn.hpp '#include <unistd.h>' \
  'a public header includes the standard library and relative headers only'
plant data/data.hpp '#include <boost/any.hpp>' \
  'a public header includes the standard library and relative headers only'
plant optim/optim.hpp '#include "internal/loop.hpp"' \
  'a public header includes none that is not installed'
plant nn/nn.hpp '#include "../core/kernels/gemm.hpp"' \
  'a public header includes none that is not installed'
plant core.hpp '#include "core/tensor/internal/dispatch.hpp"' \
  'a public header includes none that is not installed'
plant nn/nn.hpp 'using namespace std;' 'no `using namespace` in a header'
plant core/tensor/xtensor.hpp 'namespace a { using  namespace xt; }' 'no `using namespace` in a header'
plant optim/optim.hpp '#define PLUMB_RULE' 'no macros in a public header'
plant data/more.hpp '// #pragma once' 'a header has #pragma once'
plant core/more.cpp '' 'core has no files but in the folders core/io, core/kernels, core/runtime, core/signal, core/simd, core/tensor'

((failures == 0)) && echo "every planted violation was found"
exit "$failures"
