#include <doctest/doctest.h>

#include <plumb/core/tensor/hash.hpp>

using namespace plumb;

TEST_CASE("hash: depends on every byte, the shape and the element type") {
  const Tensor x = Tensor::from({1.f, 2.f, 3.f, 4.f}, {2, 2});
  CHECK(hash(x) == hash(x.clone()));
  Tensor changed = x.clone();
  changed.mutable_data<float>()[3] = 4.0000005f;
  CHECK(hash(changed) != hash(x));
  CHECK(hash(x.reshape({4})) != hash(x));
  CHECK(hash(Tensor::zeros({2}, DType::int64)) != hash(Tensor::zeros({2}, DType::float64)));
  CHECK(hash(x, hash(changed)) != hash(changed, hash(x)));
}
