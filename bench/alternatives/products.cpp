// Every algorithm for a matrix product beside OpenBLAS's, one thread, on the products of the nets that
// bench/run trains. PLUMB_ISA chooses the instruction set, OPENBLAS_CORETYPE that of OpenBLAS.
#include <cblas.h>

#include <plumb/core/kernels/matmul/gemm.hpp>
#include <plumb/core/kernels/matmul/register_gemm.hpp>
#include <plumb/core/kernels/matmul/thin_gemm.hpp>
#include <plumb/core/runtime/parallel.hpp>
#include <string>

#include "../shared/measure.hpp"
#include "rounds.hpp"

extern "C" char* openblas_get_corename(void);

namespace {

using namespace plumb;
using kernel::Matrix;

// c [m, n] = op(a) [m, k] op(b) [k, n].
struct Problem {
  std::string name;
  std::int64_t m, n, k;
  Transpose ta, tb;
};

// The three products of a layer that leads from `in` to `out` features.
void add_layer(std::vector<Problem>& problems, std::int64_t in, std::int64_t out,
               std::int64_t batch) {
  const std::string name =
      std::to_string(in) + "-" + std::to_string(out) + ", batch " + std::to_string(batch) + ", ";
  problems.push_back({name + "forward", batch, out, in, Transpose::no, Transpose::yes});
  problems.push_back({name + "dX", batch, in, out, Transpose::no, Transpose::no});
  problems.push_back({name + "dW", out, in, batch, Transpose::yes, Transpose::no});
}

std::vector<Problem> problems() {
  std::vector<Problem> result;
  for (const std::int64_t batch : {1, 32, 64, 128, 512}) add_layer(result, 784, 256, batch);
  for (const std::int64_t batch : {1, 64, 512}) add_layer(result, 128, 10, batch);
  for (const std::int64_t batch : {1, 64}) add_layer(result, 400, 120, batch);
  for (const std::int64_t batch : {1, 64}) add_layer(result, 9216, 128, batch);
  for (const std::int64_t batch : {64, 8192}) add_layer(result, 128, 1, batch);
  return result;
}

std::vector<float> values(std::int64_t n, std::uint32_t seed) {
  std::vector<float> result(static_cast<std::size_t>(n));
  bench::fill(result.data(), n, seed, 1);
  return result;
}

void time_product(const Problem& p) {
  const auto [name, m, n, k, ta, tb] = p;
  const std::vector<float> left = values(m * k, 1), right = values(k * n, 2);
  std::vector<float> result(static_cast<std::size_t>(m * n));
  float* c = result.data();
  const Matrix<float> a{left.data(), ta == Transpose::no ? k : m, ta};
  const Matrix<float> b{right.data(), tb == Transpose::no ? n : k, tb};

  std::vector<bench::Way> ways;
  if (kernel::has_register_gemm())
    ways.push_back({"register", [=] {
                      constexpr std::int64_t rows = 256;  // as gemm() cuts tall products
                      for (std::int64_t i = 0; i < m; i += rows) {
                        Matrix<float> some = a;
                        some.data += ta == Transpose::no ? i * a.stride : i;
                        kernel::register_gemm<float>(std::min(rows, m - i), n, k, some, b,
                                                     c + i * n, n, Write::overwrite, nullptr);
                      }
                    }});
  if (m <= kernel::thin_rows && (ta == Transpose::no || tb == Transpose::no))
    ways.push_back({"thin", [=] {
                      kernel::thin_gemm<float>(m, n, k, a, b, c, n, Write::overwrite, nullptr);
                    }});
  if (n <= kernel::thin_rows && (ta == Transpose::yes || tb == Transpose::yes))
    ways.push_back({"narrow", [=] {
                      kernel::narrow_gemm<float>(m, n, k, a, b, c, n, Write::overwrite, nullptr);
                    }});
  ways.push_back({"OpenBLAS", [=] {
                    const auto transposed = [](Transpose t) {
                      return t == Transpose::no ? CblasNoTrans : CblasTrans;
                    };
                    const auto size = [](std::int64_t x) { return static_cast<int>(x); };
                    cblas_sgemm(CblasRowMajor, transposed(ta), transposed(tb), size(m), size(n),
                                size(k), 1, a.data, size(a.stride), b.data, size(b.stride), 0, c,
                                size(n));
                  }});
  ways.push_back({"chosen", [=] { kernel::gemm(m, n, k, a, b, c, n, Write::overwrite); }});
  bench::compare("product", name, 2 * static_cast<double>(m * n * k), ways);
}

}  // namespace

int main() {
  set_num_threads(1);
  openblas_set_num_threads(1);
  std::printf("note\tOpenBLAS\t%s\n", openblas_get_corename());
  for (const Problem& p : problems()) time_product(p);
}
