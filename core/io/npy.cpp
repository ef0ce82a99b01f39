#include "npy.hpp"

#include "internal/atomic_file.hpp"
#include "internal/input_file.hpp"
#include "internal/npy_header.hpp"

namespace plumb {

void save_npy(const std::string& path, const Tensor& x) {
  detail::AtomicFile file({"save_npy", path});
  const std::string prefix = detail::npy_prefix(x);
  file.write(prefix.data(), prefix.size(), 0);
  file.write(x.raw(), x.bytes(), prefix.size());
  file.commit();
}

Tensor load_npy(const std::string& path) {
  detail::InputFile file({"load_npy", path});
  return file.origin().named([&] {
    return detail::read_npy(file.origin(), file.size(),
                            [&](void* to, std::uint64_t count) { file.read(to, count); });
  });
}

}  // namespace plumb
