// The same source stands for two libraries that use plumb.
#include <plumb/core.hpp>

namespace DEPENDENT {

plumb::Tensor twice(const plumb::Tensor& x) { return 2 * x; }

}  // namespace DEPENDENT
