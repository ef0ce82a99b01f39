// BlasCall: what must hold while OpenBLAS is called, with BLAS or with LAPACK.
#pragma once

#include "../runtime/forks.hpp"

namespace plumb::kernel {

/// Lives around a call of OpenBLAS, one on each thread at a time. The call runs on the calling
/// thread alone: OpenBLAS would cut the work by its number of threads, and its results with it. A
/// build with threads of its own has one number of them for the process. A build on OpenMP asks
/// OpenMP for that of the calling thread, which is set around the call and given back to the
/// program's own loops.
///
/// OpenBLAS takes a buffer of 128 MiB for each call that runs at once, keeps it for later ones, and
/// where the system has none asks again for ever. So a buffer is made certain first. Where there is
/// no memory for one more, the call waits for another thread's; where there is none at all, throws
/// "[operation] cannot allocate ... bytes".
///
/// fork() on another thread waits for the call: a child would find OpenBLAS's locks locked for ever.
class BlasCall {
 public:
  explicit BlasCall(const char* operation);
  ~BlasCall();
  BlasCall(const BlasCall&) = delete;
  BlasCall& operator=(const BlasCall&) = delete;

 private:
  const detail::Unforkable unforkable_;
  const int openmp_threads_;  // of the calling thread, before
};

}  // namespace plumb::kernel
