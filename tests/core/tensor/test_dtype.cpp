#include <doctest/doctest.h>

#include <plumb/core/tensor/dtype.hpp>
#include <string>

using namespace plumb;

TEST_CASE("dtype: names, sizes and C++ types") {
  CHECK(to_string(DType::float32) == "float32");
  CHECK(to_string(DType::float64) == "float64");
  CHECK(to_string(DType::int64) == "int64");
  CHECK(to_string(DType::uint8) == "uint8");
  CHECK(size_of(DType::float32) == sizeof(float));
  CHECK(size_of(DType::float64) == sizeof(double));
  CHECK(size_of(DType::int64) == sizeof(std::int64_t));
  CHECK(size_of(DType::uint8) == 1);
  CHECK(dtype_of<float> == DType::float32);
  CHECK(dtype_of<std::uint8_t> == DType::uint8);
  CHECK(is_floating(DType::float64));
  CHECK_FALSE(is_floating(DType::int64));
}
