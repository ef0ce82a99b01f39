#include <doctest/doctest.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <plumb/autograd/ops/batch_norm.hpp>
#include <plumb/autograd/ops/cross_entropy.hpp>
#include <plumb/autograd/ops/math.hpp>
#include <plumb/autograd/ops/normalization.hpp>
#include <plumb/autograd/ops/pooling.hpp>
#include <plumb/autograd/ops/reduction.hpp>
#include <plumb/autograd/ops/scan.hpp>
#include <plumb/autograd/ops/softmax.hpp>
#include <plumb/core/kernels/math.hpp>
#include <plumb/core/kernels/reduce.hpp>
#include <plumb/core/simd/isa.hpp>
#include <plumb/core/tensor/hash.hpp>
#include <plumb/core/tensor/instruction_set.hpp>
#include <plumb/core/tensor/operators.hpp>
#include <string>

#include "../../support/random.hpp"

using namespace plumb;
using kernel::Isa;
using plumb::test::normal;

namespace {

// Of what kernels that are compiled for several instruction sets compute.
std::uint64_t fingerprint() {
  std::uint64_t result = 0;
  const auto include = [&](const Tensor& x) { result = hash(x, result); };
  const auto include_both = [&](const Tensor& x, auto function) {
    const Variable leaf = Variable::leaf(x);
    const Variable y = function(leaf);
    include(y.value());
    y.backward(y.value());
    include(leaf.grad());
  };
  const Tensor x = normal({5, 7, 19, 23}, DType::float32);
  for (const auto function :
       {kernel::exp, kernel::tanh, kernel::erf, kernel::sigmoid, kernel::gelu}) {
    include(function(x));
    include(function(x.to(DType::float64)));
  }
  include(kernel::log(kernel::abs(x)));
  for (const Axes& axes : {Axes{}, Axes{1}, Axes{3}, Axes{0, 2, 3}}) {
    include(kernel::sum(x, axes));
    include(kernel::logsumexp(x, axes).y);
  }
  include_both(x, [](const Variable& v) { return max_pool2d(v, 2); });
  include_both(x, [](const Variable& v) { return avg_pool2d(v, 3, {1, 1}); });
  for (const int axis : {1, 3})
    include_both(x, [axis](const Variable& v) { return softmax(v, axis); });
  const Tensor classes = Tensor::full({40}, 3, DType::int64);
  for (const std::int64_t size : {10, 70})
    include_both(normal({40, size}, DType::float32),
                 [&](const Variable& v) { return cross_entropy(v, classes); });
  RunningStatistics none;
  include_both(x, [&](const Variable& v) {
    return batch_norm(none, v, {}, {}, NormalizeBy::batch, 0, 1e-5);
  });
  include_both(x, [](const Variable& v) { return layer_norm(v, {23}, {}, {}, 1e-5); });
  return result;
}

// Of what takes no fused multiply-add: the same without them.
std::uint64_t exact_fingerprint() {
  std::uint64_t result = 0;
  for (const DType dtype : {DType::float32, DType::float64})
    for (const double size : {1., 1e4, 1e30}) {
      const Tensor x = normal({5, 7, 19, 23}, dtype) * size;
      using Function = Variable (*)(const Variable&);
      for (const Function f : std::initializer_list<Function>{
               sin, cos, log1p, expm1,
               [](const Variable& v) {
                 return stddev(v, {0, 2});
               },
               [](const Variable& v) { return norm(v, 1); },
               [](const Variable& v) { return norm(v, 3, KeepDims::no, 1); },
               [](const Variable& v) {
                 return norm(v, {0, 3}, KeepDims::no, HUGE_VAL);
               },
               [](const Variable& v) { return norm(v, {}, KeepDims::no, 3); },
               [](const Variable& v) { return cumsum(v, 2); },
               [](const Variable& v) { return prod(v, 0); }}) {
        const Variable leaf = Variable::leaf(x);
        const Variable y = f(leaf);
        y.backward(Tensor::full(y.shape(), 0.7, dtype), retain_graph);
        y.backward(Tensor::full(y.shape(), 0.3, dtype));  // added to what is there
        result = hash(leaf.grad(), hash(y.value(), result));
      }
    }
  return result;
}

// Runs the test case below in this program, started again with PLUMB_ISA set, and returns the lines that it
// prints, on stderr too, which begin so.
std::string lines_with(const std::string& isa, const std::string& begin) {
  const std::string program = std::filesystem::read_symlink("/proc/self/exe").string();
  const std::string command = "PLUMB_ISA=" + isa + " '" + program +
                              "' --no-skip --test-case='isa: its name and the fingerprint' 2>&1";
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  REQUIRE(pipe != nullptr);
  std::string lines;
  char line[256];
  while (std::fgets(line, sizeof line, pipe.get()) != nullptr)
    if (std::string(line).rfind(begin, 0) == 0) lines += line;
  return lines;
}

std::string printed_with(const std::string& isa) { return lines_with(isa, "isa="); }

}  // namespace

TEST_CASE("isa: its name and the fingerprint" * doctest::skip()) {
  std::printf("isa=%d fingerprint=%016llx exact=%016llx\n", static_cast<int>(kernel::isa()),
              static_cast<unsigned long long>(fingerprint()),
              static_cast<unsigned long long>(exact_fingerprint()));
}

TEST_CASE("isa: PLUMB_ISA lowers it where there is a choice; AVX2 and AVX-512 give the same bits") {
  const std::string base = printed_with("base"), v3 = printed_with("v3"), best = printed_with("");
  // What is no name of one changes nothing.
  CHECK(printed_with("nonsense") == best);
  if (kernel::isa_is_fixed()) {
    CHECK(base == best);
    CHECK(v3 == best);
    return;
  }
  CHECK(base.substr(0, 6) == "isa=0 ");
  REQUIRE(base.find("exact=") != std::string::npos);
  CHECK(base.substr(base.find("exact=")) == best.substr(best.find("exact=")));
  CHECK(base.size() == best.size());
  CHECK(v3[4] <= '1');
  CHECK(best[4] >= v3[4]);
  if (v3[4] == '1') CHECK(v3.substr(6) == best.substr(6));
}

TEST_CASE("isa: PLUMB_ISA that cannot be is told of") {
  const auto told = [](const std::string& isa) { return lines_with(isa, "plumb: PLUMB_ISA"); };
  const std::string best = printed_with("").substr(4, 1);
  REQUIRE(best.find_first_of("012") == 0);
  const std::string names[] = {"base", "v3", "v4"};
  const std::string used = names[best[0] - '0'] + " is used\n";
  CHECK(told("") == "");
  CHECK(told("foo") == "plumb: PLUMB_ISA is foo, but it must be base, v3 or v4; " + used);
  for (int i = 0; i < 3; ++i) {
    CAPTURE(names[i]);
    const std::string reason =
        kernel::isa_is_fixed() ? "plumb was compiled for one alone" : "the processor lacks it";
    const bool possible = kernel::isa_is_fixed() ? i == best[0] - '0' : i <= best[0] - '0';
    CHECK(told(names[i]) ==
          (possible ? "" : "plumb: PLUMB_ISA is " + names[i] + ", but " + reason + "; " + used));
  }
}

TEST_CASE("isa: code is run once, with vectors of its size") {
  const int expected = kernel::isa() == Isa::v4 ? 64 : kernel::isa() == Isa::v3 ? 32 : 16;
  int calls = 0, bytes = 0;
  kernel::on_best_isa([&]() PLUMB_INLINE { ++calls; });
  CHECK(calls == 1);
  kernel::on_best_vectors([&](auto width) PLUMB_INLINE {
    ++calls;
    bytes = width;
  });
  CHECK(calls == 2);
  CHECK(bytes == expected);
  if (kernel::isa() == Isa::base) return;
  kernel::on_wide_vectors([&](auto width) PLUMB_INLINE {
    ++calls;
    bytes = -width;
  });
  CHECK(calls == 3);
  CHECK(bytes == -expected);
}

TEST_CASE("isa: its name says what computes, with what OpenBLAS takes the processor for") {
  const std::string name = instruction_set();
#if defined(__x86_64__)
  const std::string own = kernel::isa() == Isa::v4   ? "AVX-512 (x86-64-v4); "
                          : kernel::isa() == Isa::v3 ? "AVX2 (x86-64-v3); "
                                                     : "SSE2 (x86-64); ";
  CHECK(name.substr(0, own.size()) == own);
#endif
  CHECK(name.find("; OpenBLAS ") != std::string::npos);
  CHECK(name.find(" with kernels for ") + 18 < name.size());
}
