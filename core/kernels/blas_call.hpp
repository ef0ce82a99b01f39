// BlasCall: what has to be so while OpenBLAS is called, and the memory that it works in.
#pragma once

namespace plumb::kernel {

/// Lives around a call of OpenBLAS, one on each thread at a time. The call runs on its own thread:
/// OpenBLAS would cut the work by its number of threads, and its results with it.
///
/// OpenBLAS takes a buffer of 128 MiB for each call that runs at once, keeps it for later ones, and
/// where the system has none asks again for ever. So a buffer is made certain first. Where there is
/// no memory for one more, the call waits for another thread's; where there is none at all, throws
/// "[operation] cannot allocate ... bytes".
class BlasCall {
 public:
  explicit BlasCall(const char* operation);
  ~BlasCall();
  BlasCall(const BlasCall&) = delete;
  BlasCall& operator=(const BlasCall&) = delete;
};

}  // namespace plumb::kernel
